import { getRouteApi, Link } from '@tanstack/react-router';
import { Boxes } from 'lucide-react';
import { useMemo } from 'react';
import { HealthIndex } from '@/api/health';
import { useGroups, useNodes, useProviders } from '@/api/queries';
import { applyCommand, PROVIDER_YAML } from '@/api/snippets';
import { useI18n } from '@/i18n';
import { CodeBlock } from '@/ui/Code';
import { matches } from '@/ui/FilterBox';
import { HealthIcon } from '@/ui/HealthPill';
import { MasterDetail } from '@/ui/MasterDetail';
import { PageHeader } from '@/ui/Page';
import { EmptyState, ErrorState, SkeletonRows } from '@/ui/States';
import { useTitle } from '@/ui/useTitle';
import { hostOf } from './address';
import { ProviderDetail } from './ProviderDetail';

const route = getRouteApi('/signed-in/providers');

export function ProvidersPage() {
  const { t, count } = useI18n();
  const { q = '', provider: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const providers = useProviders();
  const groups = useGroups();
  const nodes = useNodes();
  useTitle(t('nav.providers'));

  const index = useMemo(
    () => new HealthIndex(nodes.data?.nodes ?? [], nodes.dataUpdatedAt),
    [nodes.data, nodes.dataUpdatedAt],
  );
  const rows = providers.data ?? [];
  const found = rows.filter((p) =>
    matches(q, p.name, p.baseUrl, p.dialect, ...p.models.flatMap((m) => [m.id, m.alias])),
  );
  const open = rows.find((p) => p.name === chosen) ?? (chosen === undefined ? found[0] : undefined);

  return (
    <>
      <PageHeader title={t('nav.providers')} lead={t('providers.lead')} />
      {providers.data === undefined && providers.error ? (
        <ErrorState error={providers.error} onRetry={() => providers.refetch()} busy={providers.isFetching} />
      ) : providers.data === undefined ? (
        <SkeletonRows />
      ) : rows.length === 0 ? (
        <EmptyState icon={<Boxes size={22} aria-hidden />} title={t('providers.empty')}>
          <p>{t('providers.emptyHow')}</p>
          <CodeBlock label="provider.yaml" code={PROVIDER_YAML} />
          <CodeBlock label={t('snippet.shell')} code={applyCommand('provider.yaml')} />
        </EmptyState>
      ) : (
        <MasterDetail
          items={found}
          chosen={chosen}
          filter={q}
          onFilter={(value) => navigate({ search: (s) => ({ ...s, q: value || undefined }), replace: true })}
          filterLabel={t('providers.filter')}
          listLabel={t('providers.list')}
          backLabel={(arrow, className) => (
            <Link to="/providers" search={{ q: q || undefined }} className={className}>
              {arrow}
              {t('providers.all')}
            </Link>
          )}
          renderLink={(p, className, current) => (
            <Link
              to="/providers"
              search={{ q: q || undefined, provider: p.name }}
              className={className}
              data-current={current}
            >
              <b>{p.name}</b>
              <HealthIcon state={index.provider(p).state} />
              <small>
                {hostOf(p)} · {count('providers.models', p.models.length)}
              </small>
            </Link>
          )}
        >
          {open ? (
            <ProviderDetail provider={open} groups={groups.data ?? []} index={index} />
          ) : (
            chosen !== undefined && (
              <EmptyState icon={<Boxes size={22} aria-hidden />} title={t('providers.gone', { name: chosen })} />
            )
          )}
        </MasterDetail>
      )}
    </>
  );
}
