import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { type CallSearch, callFilter } from '@/api/callFilter';
import { CallService, type ListCallsResponse } from '@/gen/trunkline/admin/v1/call_pb';

const PAGE_SIZE = 100;

/** Calls, newest first, a page at a time. They are read once: what comes in since is counted by useTail. */
export function useCallList(filter: CallSearch, viewKey: string) {
  const transport = useTransport();
  return useInfiniteQuery({
    queryKey: ['calls', 'list', viewKey, filter],
    initialPageParam: '',
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ pageParam, signal }): Promise<ListCallsResponse> => {
      const input = { filter: callFilter(filter), pageSize: PAGE_SIZE, pageToken: pageParam, withAttempts: true };
      return callUnaryMethod(transport, CallService.method.listCalls, input, { signal });
    },
    getNextPageParam: (last) => last.nextPageToken || undefined,
  });
}
