import { useInfiniteQuery } from '@connectrpc/connect-query';
import { keepPreviousData } from '@tanstack/react-query';
import { AuditService } from '@/gen/trunkline/admin/v1/audit_pb';
import type { AuditFilter } from './view';

/** Audit events, newest first, a page at a time. */
export function useEvents(filter: AuditFilter) {
  return useInfiniteQuery(
    AuditService.method.listAuditEvents,
    { filter, pageSize: 100, pageToken: '' },
    {
      pageParamKey: 'pageToken',
      getNextPageParam: (last) => last.nextPageToken || undefined,
      placeholderData: keepPreviousData,
      refetchInterval: 30_000,
    },
  );
}
