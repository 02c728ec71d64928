import type { PriceCatalogue } from '@/gen/trunkline/admin/v1/settings_pb';
import { useI18n } from '@/i18n';
import { Card, Facts } from '@/ui/Page';
import { RelativeTime } from '@/ui/Time';
import c from './settings.module.css';

/** The file that imports take prices from: what of it is in use, and what is wrong with it. */
export function PriceCatalogueCard({ catalogue }: { catalogue: PriceCatalogue | undefined }) {
  const { t, int, rich } = useI18n();
  return (
    <Card
      title={t('settings.prices')}
      sub={rich('settings.pricesHow', { flag: <code className="name mono">--price-catalogue</code> })}
    >
      {catalogue ? (
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
      )}
    </Card>
  );
}
