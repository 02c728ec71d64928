import { Button } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Boxes, Plus } from 'lucide-react';
import { useMay } from '@/api/role';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { FilterBox } from '@/ui/FilterBox';
import { May } from '@/ui/May';
import { type Order, orderText, parseOrder } from '@/ui/order';
import { PageHeader } from '@/ui/Page';
import { EmptyState } from '@/ui/States';
import { useShortcut } from '@/ui/shortcuts';
import { DataTable } from '@/ui/table/DataTable';
import { PresetCards } from '../form/PresetCards';
import { isServerOrder, partsOf, useAllProviders, useFigures, useHealth, useProviderPages } from '../queries';
import c from './list.module.css';
import { rowOf, sortRows } from './rows';
import { useListColumns } from './useListColumns';

const route = getRouteApi('/signed-in/providers');
const BY_NAME: Order = { by: 'name', desc: false };

export function ProviderList() {
  const { t, count } = useI18n();
  const { q = '', order: written } = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay();
  const order = parseOrder(written, BY_NAME);
  const [search] = useDebouncedValue(q.trim(), 200);
  const isPaged = isServerOrder(order);
  const pages = useProviderPages(search, order);
  const all = useAllProviders(search, !isPaged);
  const health = useHealth();
  const figures = useFigures();
  const query = isPaged ? pages : all;
  const providers = isPaged ? pages.data?.pages.flatMap((page) => page.providers) : all.data;
  const total = isPaged ? (pages.data?.pages[0]?.totalSize ?? 0) : (all.data?.length ?? 0);
  const unsorted = providers?.map((p) => rowOf(p, health.byName.get(p.name), figures.byName.get(p.name)));
  const rows = unsorted && sortRows(unsorted, order);
  const parts = partsOf(rows?.map((row) => row.provider.name) ?? []);
  const columns = useListColumns({ figures, healthAt: health.at, parts });
  const create = () => void navigate({ search: { new: 'choose' } });
  useShortcut('n', t('providers.new'), create, { enabled: may(ProviderService.method.createProvider) });
  const isEmpty = rows?.length === 0 && search === '' && q === '';

  return (
    <>
      <PageHeader
        title={t('nav.providers')}
        lead={t('providers.lead')}
        aside={
          !isEmpty && (
            <May call={ProviderService.method.createProvider}>
              <Button leftSection={<Plus size={16} aria-hidden />} onClick={create}>
                {t('providers.new')}
              </Button>
            </May>
          )
        }
      />
      {isEmpty ? (
        <EmptyState icon={<Boxes size={22} aria-hidden />} title={t('providers.empty')}>
          <May call={ProviderService.method.createProvider}>
            <p>{t('providers.emptyHow')}</p>
            <PresetCards />
          </May>
        </EmptyState>
      ) : (
        <>
          <div className={c.filter}>
            <FilterBox
              value={q}
              onChange={(value) => navigate({ search: (s) => ({ ...s, q: value || undefined }), replace: true })}
              label={t('providers.filter')}
            />
          </div>
          <DataTable
            label={t('providers.list')}
            columns={columns}
            rows={rows}
            rowKey={(row) => row.provider.name}
            rowLink={(row, content, className) => (
              <Link to="/providers" search={{ provider: row.provider.name }} className={className}>
                {content}
              </Link>
            )}
            order={order}
            onOrder={(next) => {
              const text = orderText(next);
              void navigate({ search: (s) => ({ ...s, order: text === 'name' ? undefined : text }), replace: true });
            }}
            query={query}
            empty={
              <EmptyState icon={<Boxes size={22} aria-hidden />} title={t('list.noMatch')}>
                <Button variant="default" onClick={() => navigate({ search: (s) => ({ ...s, q: undefined }) })}>
                  {t('providers.clearFilter')}
                </Button>
              </EmptyState>
            }
            remember="providers"
            tools={count('providers.count', Math.max(total, rows?.length ?? 0))}
            more={
              isPaged && pages.hasNextPage
                ? { label: '', load: () => void pages.fetchNextPage(), busy: pages.isFetchingNextPage }
                : undefined
            }
            rowHeight={62}
          />
        </>
      )}
    </>
  );
}
