import { ActionIcon, Button, NumberInput, TextInput } from '@mantine/core';
import { Plus, Trash2 } from 'lucide-react';
import { useI18n } from '@/i18n';
import { FieldPart, FieldRow } from '@/ui/fields/Form';
import { TOKEN_KINDS, UNIT_KINDS } from '@/ui/priceKinds';
import { newTier, type Tier } from './draft';
import c from './models.module.css';
import { PriceFields } from './PriceFields';

const RARE = [...TOKEN_KINDS, ...UNIT_KINDS];

/** Prices of long prompts and of service tiers, one under the other. */
export function TierFields({ tiers, onChange }: { tiers: readonly Tier[]; onChange: (tiers: Tier[]) => void }) {
  const { t, int } = useI18n();
  const put = (at: number, tier: Tier) => onChange(tiers.map((other, i) => (i === at ? tier : other)));
  return (
    <>
      {tiers.map((tier, i) => {
        const name = t('providers.price.tier', { n: int(i + 1) });
        return (
          <fieldset key={i} className={c.tier}>
            <legend>
              {name}
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t('pairs.remove', { name })}
                onClick={() => onChange(tiers.filter((_, at) => at !== i))}
              >
                <Trash2 size={15} aria-hidden />
              </ActionIcon>
            </legend>
            <FieldRow>
              <NumberInput
                label={t('providers.price.above')}
                value={tier.aboveInputTokens || ''}
                onChange={(n) => put(i, { ...tier, aboveInputTokens: typeof n === 'number' ? n : 0 })}
                placeholder="200,000"
                min={0}
                max={1_000_000_000}
                allowDecimal={false}
                thousandSeparator=","
                hideControls
              />
              <TextInput
                label={t('providers.price.serviceTier')}
                value={tier.serviceTier}
                onChange={(event) => put(i, { ...tier, serviceTier: event.currentTarget.value.toLowerCase() })}
                placeholder="flex"
                maxLength={32}
                classNames={{ input: 'mono' }}
                autoComplete="off"
                spellCheck={false}
              />
            </FieldRow>
            <PriceFields value={tier} onChange={(next) => put(i, next)} placeholder={t('providers.price.same')} />
            <FieldPart title={t('providers.price.special')} folded={RARE.every((kind) => tier[kind] === '')}>
              <PriceFields
                value={tier}
                kinds={RARE}
                onChange={(next) => put(i, next)}
                placeholder={t('providers.price.same')}
              />
            </FieldPart>
          </fieldset>
        );
      })}
      <Button
        variant="default"
        leftSection={<Plus size={15} aria-hidden />}
        disabled={tiers.length >= 32}
        onClick={() => onChange([...tiers, newTier()])}
      >
        {t('providers.price.addTier')}
      </Button>
    </>
  );
}
