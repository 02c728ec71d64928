import { Button } from '@mantine/core';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { FieldPart } from '@/ui/fields/Form';
import { TOKEN_KINDS, UNIT_KINDS } from '@/ui/priceKinds';
import type { Prices } from './draft';
import { PriceFields } from './PriceFields';
import { TierFields } from './TierFields';

/** Every price of a model: of special tokens, of images and sound, of long prompts and service tiers. */
export function PriceDialog({
  name,
  prices,
  onApply,
  onClose,
}: {
  name: string;
  prices: Prices;
  onApply: (prices: Prices) => void;
  onClose: () => void;
}) {
  const { t } = useI18n();
  const [draft, setDraft] = useState(prices);
  return (
    <Dialog opened title={t('providers.price.of', { name })} onClose={onClose} size={720}>
      <FieldPart title={t('providers.price.usual')}>
        <PriceFields value={draft} onChange={setDraft} />
      </FieldPart>
      <FieldPart title={t('providers.price.special')} sub={t('providers.price.specialHint')}>
        <PriceFields value={draft} onChange={setDraft} kinds={TOKEN_KINDS} />
      </FieldPart>
      <FieldPart title={t('providers.price.units')}>
        <PriceFields value={draft} onChange={setDraft} kinds={UNIT_KINDS} />
      </FieldPart>
      <FieldPart title={t('providers.price.tiers')} sub={t('providers.price.tiersHint')}>
        <TierFields tiers={draft.tiers} onChange={(tiers) => setDraft({ ...draft, tiers })} />
      </FieldPart>
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button onClick={() => onApply(draft)}>{t('providers.bulk.apply')}</Button>
      </DialogActions>
    </Dialog>
  );
}
