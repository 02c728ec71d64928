import type { Price } from '@/gen/trunkline/admin/v1/price_pb';
import { useI18n } from '@/i18n';
import { UNIT_KINDS } from './priceKinds';

const KINDS = ['perCall', ...UNIT_KINDS] as const;

type Prices = Pick<Price, 'input' | 'output' | (typeof KINDS)[number]>;

export const isPriced = (price: Prices | undefined): price is Prices =>
  price !== undefined && (['input', 'output', ...KINDS] as const).some((kind) => price[kind] !== '');

/** "$0.15 / $0.60": input and output per million tokens; a price per call, image, second or character beside or instead of it. */
export function PriceText({ price }: { price: Prices | undefined }) {
  const { t, usd } = useI18n();
  if (!isPriced(price)) return <>{t('price.none')}</>;
  const tokens = price.input !== '' || price.output !== '';
  const units = KINDS.filter((kind) => price[kind] !== '');
  const parts = [
    tokens && `${usd(price.input)} / ${usd(price.output)}`,
    ...units.map((kind) => t(`price.${kind}`, { price: usd(price[kind]) })),
  ];
  return <>{parts.filter(Boolean).join(' + ')}</>;
}
