import type { Price } from '@/gen/trunkline/admin/v1/price_pb';
import { useI18n } from '@/i18n';
import { UNIT_KINDS } from './priceKinds';

const KINDS = ['perCall', ...UNIT_KINDS] as const;

/** "$0.15 / $0.60": input and output per million tokens; a price per call, image, second or character beside or instead of it. */
export function PriceText({ price }: { price: Pick<Price, 'input' | 'output' | (typeof KINDS)[number]> | undefined }) {
  const { t, usd } = useI18n();
  const tokens = price && (price.input !== '' || price.output !== '');
  const units = price ? KINDS.filter((kind) => price[kind] !== '') : [];
  if (!price || (!tokens && units.length === 0)) return <>{t('price.none')}</>;
  const parts = [
    tokens && `${usd(price.input)} / ${usd(price.output)}`,
    ...units.map((kind) => t(`price.${kind}`, { price: usd(price[kind]) })),
  ];
  return <>{parts.filter(Boolean).join(' + ')}</>;
}
