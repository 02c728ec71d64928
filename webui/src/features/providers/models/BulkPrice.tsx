import { Button } from '@mantine/core';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { MAIN_KINDS } from '@/ui/priceKinds';
import { type Prices, pricesOf } from './draft';
import c from './models.module.css';
import { PriceFields } from './PriceFields';

/** Sets prices of several models at once; what is left empty stays as it is. */
export function BulkPrice({
  n,
  onApply,
  onClose,
}: {
  n: number;
  onApply: (p: Partial<Prices>) => void;
  onClose: () => void;
}) {
  const { t, count } = useI18n();
  const [prices, setPrices] = useState(pricesOf(undefined));
  const given = Object.fromEntries(MAIN_KINDS.filter((f) => prices[f] !== '').map((f) => [f, prices[f]]));
  return (
    <Dialog opened title={count('providers.bulk.priceTitle', n)} onClose={onClose} size={560}>
      <p className={c.text}>{t('providers.bulk.priceText')}</p>
      <PriceFields value={prices} onChange={setPrices} placeholder={t('providers.bulk.keep')} />
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button disabled={Object.keys(given).length === 0} onClick={() => onApply(given)}>
          {t('providers.bulk.apply')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
