import type { ReactNode } from 'react';
import { type PlainKey, useI18n } from '@/i18n';
import { FieldRow } from '@/ui/fields/Form';
import { MoneyField } from '@/ui/fields/MoneyField';
import { MAIN_KINDS, type PriceKind } from '@/ui/priceKinds';
import type { Rates } from './draft';

/** Amounts side by side: those that most models have, or others. */
export function PriceFields<T extends Rates>({
  value,
  onChange,
  kinds = MAIN_KINDS,
  placeholder,
  errorOf,
  path,
}: {
  value: T;
  onChange: (value: T) => void;
  kinds?: readonly PriceKind[];
  placeholder?: string;
  /** What is wrong with an amount. */
  errorOf?: (kind: PriceKind) => ReactNode;
  /** Where the amounts lie in the form, so that a refusal finds the field. */
  path?: string;
}) {
  const { t } = useI18n();
  return (
    <FieldRow>
      {kinds.map((kind) => (
        <MoneyField
          key={kind}
          label={t(`price.kind.${kind}`)}
          per={t(UNITS[kind] ?? 'providers.price.perMillion')}
          value={value[kind]}
          onChange={(amount) => onChange({ ...value, [kind]: amount })}
          placeholder={placeholder}
          error={errorOf?.(kind)}
          data-path={path && `${path}.${kind}`}
        />
      ))}
    </FieldRow>
  );
}

/** What an amount is for, where it is not a million tokens. */
const UNITS: Partial<Record<PriceKind, PlainKey>> = {
  perCall: 'providers.price.perCallUnit',
  perImage: 'providers.price.perImageUnit',
  perSecond: 'providers.price.perSecondUnit',
  perCharacter: 'providers.price.perCharacterUnit',
};
