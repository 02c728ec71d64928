import type { Price } from '@/gen/trunkline/admin/v1/price_pb';
import { useI18n } from '@/i18n';

/** "$0.15 / $0.60": input and output per million tokens; a price per call beside or instead of it. */
export function PriceText({ price }: { price: Pick<Price, 'input' | 'output' | 'perCall'> | undefined }) {
  const { t, usd } = useI18n();
  const tokens = price && (price.input !== '' || price.output !== '');
  if (!price || (!tokens && price.perCall === '')) return <>{t('price.none')}</>;
  const parts = [
    tokens && `${usd(price.input)} / ${usd(price.output)}`,
    price.perCall !== '' && t('price.perCall', { price: usd(price.perCall) }),
  ];
  return <>{parts.filter(Boolean).join(' + ')}</>;
}
