import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { History } from 'lucide-react';
import { CONFIG_KEY } from '@/api/queries';
import { ConfigService } from '@/gen/trunkline/admin/v1/config_pb';
import { useI18n } from '@/i18n';
import { PageHeader } from '@/ui/Page';
import { RolloutCard } from '@/ui/RolloutCard';
import { EmptyState } from '@/ui/States';
import { useTitle } from '@/ui/useTitle';
import { RevisionPanel } from './RevisionPanel';
import { RevisionTable } from './RevisionTable';
import { revisionOf } from './revision';

const route = getRouteApi('/signed-in/history');

export function HistoryPage() {
  const { t } = useI18n();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const revisions = useRevisions();
  useTitle(t('nav.history'));

  const rows = revisions.data?.pages.flatMap((page) => page.revisions);
  const open = revisionOf(search.revision);
  const at = rows?.findIndex((r) => r.revision === open) ?? -1;
  const show = (revision: bigint | undefined) =>
    navigate({ search: revision === undefined ? {} : { revision: String(revision) } });
  const beside = (i: number) => (at < 0 || !rows?.[i] ? undefined : () => show(rows[i]?.revision));

  return (
    <>
      <PageHeader title={t('nav.history')} lead={t('history.lead')} />
      <RolloutCard />
      <RevisionTable
        rows={rows}
        query={revisions}
        current={open}
        more={
          revisions.hasNextPage
            ? { label: '', load: () => revisions.fetchNextPage(), busy: revisions.isFetchingNextPage }
            : undefined
        }
        empty={<EmptyState icon={<History size={22} aria-hidden />} title={t('history.none')} />}
      />
      <RevisionPanel
        revision={open}
        newest={rows?.[0]?.revision}
        compare={search.with === 'now'}
        onCompare={(now) => navigate({ search: { ...search, with: now ? 'now' : undefined } })}
        onClose={() => show(undefined)}
        onPrevious={beside(at - 1)}
        onNext={beside(at + 1)}
      />
    </>
  );
}

/** Revisions, newest first, a page at a time; read again when the configuration changes. */
function useRevisions() {
  const transport = useTransport();
  return useInfiniteQuery({
    queryKey: [...CONFIG_KEY, 'revisions'],
    initialPageParam: '',
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      callUnaryMethod(
        transport,
        ConfigService.method.listRevisions,
        { pageSize: 100, pageToken: pageParam },
        { signal },
      ),
    getNextPageParam: (last) => last.nextPageToken || undefined,
  });
}
