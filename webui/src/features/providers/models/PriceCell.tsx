import { useI18n } from '@/i18n';
import { PriceText } from '@/ui/Price';
import type { ModelRow } from './draft';
import c from './models.module.css';

/** What a model costs, and where the price is from. */
export function PriceCell({ row: { values, stored } }: { row: ModelRow }) {
  const { t, usd } = useI18n();
  const { cachedInput, cacheWrite } = values.price;
  const source = stored?.imported?.priceSource;
  const more = [
    cachedInput && t('price.cached', { price: usd(cachedInput) }),
    cacheWrite && t('providers.price.write', { price: usd(cacheWrite) }),
    source === 'catalogue' && t('providers.price.fromCatalogue'),
  ].filter(Boolean);
  return (
    <span>
      <PriceText price={values.price} />
      {more.length > 0 && <span className={c.sub}>{more.join(' · ')}</span>}
    </span>
  );
}
