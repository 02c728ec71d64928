import { Link } from '@tanstack/react-router';
import type { HealthIndex } from '@/api/health';
import type { Group } from '@/gen/trunkline/admin/v1/group_pb';
import type { Model, Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { HealthDetail } from '@/ui/HealthPill';
import { PriceText } from '@/ui/Price';
import table from '@/ui/table.module.css';
import c from './providers.module.css';

/** What the account offers: id, price, where it is used, and how it stands now. */
export function ModelTable({ provider, groups, index }: { provider: Provider; groups: Group[]; index: HealthIndex }) {
  const { t, compact } = useI18n();
  if (provider.models.length === 0) return <p className={c.none}>{t('providers.noModel')}</p>;
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">{t('providers.model.id')}</th>
          <th scope="col">{t('providers.model.state')}</th>
          <th scope="col">{t('providers.model.groups')}</th>
          <th scope="col" className={table.right}>
            {t('providers.model.context')}
          </th>
          <th scope="col" className={table.right}>
            {t('providers.model.price')}
          </th>
        </tr>
      </thead>
      <tbody>
        {provider.models.map((model) => (
          <tr key={model.id}>
            <td>
              <div>
                <span className="mono">{model.id}</span>
                {model.alias && (
                  <span className={c.alias}>
                    {t('providers.model.alias')} <span className="mono">{model.alias}</span>
                  </span>
                )}
              </div>
            </td>
            <td data-label={t('providers.model.state')}>
              <HealthDetail health={index.target(provider, model.id)} />
            </td>
            <td data-label={t('providers.model.groups')}>
              <GroupLinks provider={provider} model={model} groups={groups} />
            </td>
            <td data-label={t('providers.model.context')} className={`${table.right} num`}>
              {model.contextWindow > 0n ? compact(model.contextWindow) : t('providers.model.unknown')}
            </td>
            <td data-label={t('providers.model.price')} className={`${table.right} num`}>
              <div>
                <PriceText price={model.price} />
                {model.price?.cachedInput && <CachedPrice price={model.price.cachedInput} />}
              </div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function CachedPrice({ price }: { price: string }) {
  const { t, usd } = useI18n();
  return <span className={c.alias}>{t('price.cached', { price: usd(price) })}</span>;
}

function GroupLinks({ provider, model, groups }: { provider: Provider; model: Model; groups: Group[] }) {
  const { t } = useI18n();
  const using = groups.filter((g) =>
    g.members.some(
      (m) => m.provider === provider.name && (m.model === model.id || (model.alias !== '' && m.model === model.alias)),
    ),
  );
  if (using.length === 0) return <span className={c.quiet}>{t('providers.model.noGroup')}</span>;
  return (
    <span className={c.links}>
      {using.map((g) => (
        <Link key={g.name} to="/groups" search={{ group: g.name }}>
          {g.name}
        </Link>
      ))}
    </span>
  );
}
