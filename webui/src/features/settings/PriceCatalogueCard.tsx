import { usePriceCatalogue } from '@/api/queries';
import { useI18n } from '@/i18n';
import { Loaded } from '@/ui/Loaded';
import { Card, Facts } from '@/ui/Page';
import { RelativeTime } from '@/ui/Time';
import c from './settings.module.css';

/** The file that imports take prices from: what of it is in use, and what is wrong with it. */
export function PriceCatalogueCard() {
  const { t, int } = useI18n();
  const query = usePriceCatalogue();
  return (
    <Card title={t('settings.prices')} sub={t('settings.pricesHow')}>
      <Loaded query={query}>
        {(catalogue) =>
          catalogue ? (
            <>
              <Facts
                rows={[
                  { name: t('settings.pricesFile'), value: <span className="mono">{catalogue.path}</span> },
                  { name: t('settings.pricesModels'), value: int(catalogue.modelCount) },
                  {
                    name: t('settings.pricesModified'),
                    value: catalogue.modifyTime ? <RelativeTime at={catalogue.modifyTime} /> : '–',
                  },
                ]}
              />
              {catalogue.error && (
                <p className={c.fault} role="status">
                  {t('settings.pricesFault', { error: catalogue.error })}
                </p>
              )}
            </>
          ) : (
            <p className={c.note}>{t('settings.pricesNone')}</p>
          )
        }
      </Loaded>
    </Card>
  );
}
