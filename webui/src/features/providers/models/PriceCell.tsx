import { useI18n } from '@/i18n';
import { PriceText } from '@/ui/Price';
import { TOKEN_KINDS } from '@/ui/priceKinds';
import type { ModelRow } from './draft';
import c from './models.module.css';

/** What a model costs, and where the price is from. */
export function PriceCell({ row: { values, stored } }: { row: ModelRow }) {
  const { t, usd, count } = useI18n();
  const { cachedInput, cacheWrite, tiers } = values.price;
  const source = stored?.imported?.priceSource;
  const more = [
    cachedInput && t('price.cached', { price: usd(cachedInput) }),
    cacheWrite && t('providers.price.write', { price: usd(cacheWrite) }),
    ...TOKEN_KINDS.filter((kind) => values.price[kind] !== '').map(
      (kind) => `${t(`price.kind.${kind}`)} ${usd(values.price[kind])}`,
    ),
    tiers.length > 0 && count('providers.price.tierCount', tiers.length),
    source === 'catalogue' && t('providers.price.fromCatalogue'),
  ].filter(Boolean);
  return (
    <span>
      <PriceText price={values.price} />
      {more.length > 0 && <span className={c.sub}>{more.join(' · ')}</span>}
    </span>
  );
}
