import { Button } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { ScrollText } from 'lucide-react';
import { useCalls, useGateway, useGroups } from '@/api/queries';
import { curlSnippet } from '@/api/snippets';
import { useI18n } from '@/i18n';
import { CodeBlock } from '@/ui/Code';
import { PageHeader } from '@/ui/Page';
import { EmptyState, ErrorState, SkeletonRows } from '@/ui/States';
import table from '@/ui/table.module.css';
import { useTitle } from '@/ui/useTitle';
import { CallDrawer } from './CallDrawer';
import { CallRow } from './CallRow';
import c from './calls.module.css';
import { Filters } from './Filters';

const route = getRouteApi('/signed-in/calls');

export function CallsPage() {
  const { t } = useI18n();
  const { call, range, ...search } = route.useSearch();
  const { group = '', provider = '', key = '', outcome = '' } = search;
  const navigate = route.useNavigate();
  const calls = useCalls(search);
  const groups = useGroups();
  const gateway = useGateway();
  useTitle(t('nav.calls'));

  const rows = calls.data?.pages.flatMap((page) => page.calls) ?? [];
  const filtered = Object.keys(search).length > 0;
  const clear = () => navigate({ search: {} });

  return (
    <>
      <PageHeader title={t('nav.calls')} lead={t('calls.lead')} />
      <Filters value={{ group, provider, key, outcome }} />
      {calls.data === undefined && calls.error ? (
        <ErrorState error={calls.error} onRetry={() => calls.refetch()} busy={calls.isFetching} />
      ) : calls.data === undefined ? (
        <SkeletonRows rows={8} />
      ) : rows.length > 0 ? (
        <div className={c.card} data-old={calls.isPlaceholderData}>
          <table className={`${table.table} ${c.calls}`}>
            <thead>
              <tr>
                <th scope="col">{t('calls.time')}</th>
                <th scope="col">{t('calls.outcome')}</th>
                <th scope="col">{t('calls.group')}</th>
                <th scope="col">{t('calls.route')}</th>
                <th scope="col" className={table.right}>
                  {t('calls.firstToken')}
                </th>
                <th scope="col" className={table.right}>
                  {t('calls.duration')}
                </th>
                <th scope="col" className={table.right}>
                  {t('calls.tokens')}
                </th>
                <th scope="col" className={table.right}>
                  {t('calls.cost')}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <CallRow key={row.id} call={row} />
              ))}
            </tbody>
          </table>
          {calls.hasNextPage && (
            <div className={c.more}>
              <Button variant="default" onClick={() => calls.fetchNextPage()} loading={calls.isFetchingNextPage}>
                {t('calls.older')}
              </Button>
            </div>
          )}
        </div>
      ) : filtered ? (
        <EmptyState icon={<ScrollText size={22} aria-hidden />} title={t('calls.noMatch')}>
          <Button variant="default" onClick={clear}>
            {t('calls.clear')}
          </Button>
        </EmptyState>
      ) : (
        <EmptyState icon={<ScrollText size={22} aria-hidden />} title={t('calls.empty')}>
          <p>{t('calls.emptyHow')}</p>
          <CodeBlock label={t('snippet.shell')} code={curlSnippet(gateway, groups.data?.[0]?.name ?? 'gpt-4-pool')} />
        </EmptyState>
      )}
      <CallDrawer id={call} onClose={() => navigate({ search: (s) => ({ ...s, call: undefined }), replace: true })} />
    </>
  );
}
