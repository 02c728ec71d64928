import { Button } from '@mantine/core';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import { MoneyField } from '@/ui/fields/MoneyField';
import { MAIN_KINDS } from '@/ui/priceKinds';
import type { ModelRow, ModelValues } from './draft';
import c from './models.module.css';
import { PriceDialog } from './PriceDialog';

/** The usual prices of a model in place, and the way to all of them. */
export function PriceInputs({ row: { values }, onChange }: { row: ModelRow; onChange: (values: ModelValues) => void }) {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  return (
    <span className={c.prices}>
      {MAIN_KINDS.map((kind) => (
        <MoneyField
          key={kind}
          aria-label={`${values.id}: ${t(`price.kind.${kind}`)}`}
          placeholder={t(`price.kind.${kind}`)}
          value={values.price[kind]}
          onChange={(amount) => onChange({ ...values, price: { ...values.price, [kind]: amount } })}
        />
      ))}
      <Button
        variant="default"
        size="xs"
        aria-label={`${values.id}: ${t('providers.price.all')}`}
        onClick={() => setOpen(true)}
      >
        {t('providers.price.all')}
      </Button>
      {open && (
        <PriceDialog
          name={values.id}
          prices={values.price}
          onClose={() => setOpen(false)}
          onApply={(price) => {
            onChange({ ...values, price });
            setOpen(false);
          }}
        />
      )}
    </span>
  );
}
