import { useI18n } from '@/i18n';
import { FieldRow } from '@/ui/fields/Form';
import { MoneyField } from '@/ui/fields/MoneyField';
import { PRICE_FIELDS, type PriceField, type Prices } from './draft';

/** All five prices of a model. */
export function PriceFields({
  value,
  onChange,
  errors = {},
  placeholder,
}: {
  value: Prices;
  onChange: (value: Prices) => void;
  errors?: Partial<Record<PriceField, string>>;
  placeholder?: string;
}) {
  const { t } = useI18n();
  return (
    <FieldRow>
      {PRICE_FIELDS.map((field) => (
        <MoneyField
          key={field}
          label={t(`providers.price.${field}`)}
          per={t(field === 'perCall' ? 'providers.price.perCallUnit' : 'providers.price.perMillion')}
          value={value[field]}
          onChange={(amount) => onChange({ ...value, [field]: amount })}
          error={errors[field]}
          placeholder={placeholder}
        />
      ))}
    </FieldRow>
  );
}
