import { useI18n } from '@/i18n';
import { MoneyField } from '@/ui/fields/MoneyField';
import type { ModelRow, ModelValues } from './draft';
import c from './models.module.css';

/** The prices of a model in place. */
export function PriceInputs({ row: { values }, onChange }: { row: ModelRow; onChange: (values: ModelValues) => void }) {
  const { t } = useI18n();
  const fields = ['input', 'output', 'cachedInput', 'cacheWrite', 'perCall'] as const;
  return (
    <span className={c.prices}>
      {fields.map((field) => (
        <MoneyField
          key={field}
          aria-label={`${values.id}: ${t(`providers.price.${field}`)}`}
          placeholder={t(`providers.price.${field}`)}
          value={values.price[field]}
          onChange={(amount) => onChange({ ...values, price: { ...values.price, [field]: amount } })}
        />
      ))}
    </span>
  );
}
