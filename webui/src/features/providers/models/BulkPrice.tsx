import { Button } from '@mantine/core';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { FieldPart } from '@/ui/fields/Form';
import { TOKEN_KINDS, UNIT_KINDS } from '@/ui/priceKinds';
import { isEmptyPrice, type Prices, pricesOf } from './draft';
import c from './models.module.css';
import { PriceFields } from './PriceFields';
import { TierFields } from './TierFields';

/** Sets prices of several models at once; what is left empty stays as it is. */
export function BulkPrice({
  n,
  onApply,
  onClose,
}: {
  n: number;
  onApply: (given: Prices) => void;
  onClose: () => void;
}) {
  const { t, count } = useI18n();
  const [prices, setPrices] = useState(pricesOf(undefined));
  const keep = t('providers.bulk.keep');
  return (
    <Dialog opened title={count('providers.bulk.priceTitle', n)} onClose={onClose} size={720}>
      <p className={c.text}>{t('providers.bulk.priceText')}</p>
      <FieldPart title={t('providers.price.usual')}>
        <PriceFields value={prices} onChange={setPrices} placeholder={keep} />
      </FieldPart>
      <FieldPart title={t('providers.price.special')} folded>
        <PriceFields value={prices} onChange={setPrices} kinds={TOKEN_KINDS} placeholder={keep} />
      </FieldPart>
      <FieldPart title={t('providers.price.units')} folded>
        <PriceFields value={prices} onChange={setPrices} kinds={UNIT_KINDS} placeholder={keep} />
      </FieldPart>
      <FieldPart title={t('providers.price.tiers')} sub={t('providers.bulk.tiersHint')}>
        <TierFields tiers={prices.tiers} onChange={(tiers) => setPrices({ ...prices, tiers })} />
      </FieldPart>
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button disabled={isEmptyPrice(prices)} onClick={() => onApply(prices)}>
          {t('providers.bulk.apply')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
