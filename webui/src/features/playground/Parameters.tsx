import { NumberInput, Switch } from '@mantine/core';
import { useI18n } from '@/i18n';
import { FieldPart, FieldRow } from '@/ui/fields/Form';
import type { Draft } from './draft';

/** How it is answered; what is left empty is not sent, so the model's own default holds. */
export function Parameters({ draft, onChange }: { draft: Draft; onChange: (change: Partial<Draft>) => void }) {
  const { t } = useI18n();
  const shared = { hideControls: true, placeholder: t('playground.unset') } as const;
  return (
    <>
      <Switch
        label={t('playground.stream')}
        description={t('playground.streamHow')}
        checked={draft.stream}
        onChange={(event) => onChange({ stream: event.currentTarget.checked })}
      />
      <FieldPart title={t('playground.parameters')} sub={t('playground.parametersHow')} folded>
        <FieldRow>
          <NumberInput
            {...shared}
            label={t('playground.temperature')}
            min={0}
            max={2}
            step={0.1}
            decimalScale={2}
            value={draft.temperature}
            onChange={(temperature) => onChange({ temperature })}
          />
          <NumberInput
            {...shared}
            label={t('playground.maxTokens')}
            min={1}
            allowDecimal={false}
            thousandSeparator=","
            value={draft.maxTokens}
            onChange={(maxTokens) => onChange({ maxTokens })}
          />
          <NumberInput
            {...shared}
            label={t('playground.topP')}
            min={0}
            max={1}
            step={0.05}
            decimalScale={2}
            value={draft.topP}
            onChange={(topP) => onChange({ topP })}
          />
        </FieldRow>
      </FieldPart>
    </>
  );
}
