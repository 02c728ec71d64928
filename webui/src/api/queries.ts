import { callUnaryMethod, useQuery as useConnectQuery, useTransport } from '@connectrpc/connect-query';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { CallService, type ListCallsResponse } from '@/gen/trunkline/admin/v1/call_pb';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { SettingsService } from '@/gen/trunkline/admin/v1/settings_pb';
import { type CallSearch, callFilter } from './callFilter';
import { CALM, CONFIG_KEY, LIVE } from './client';

// The frame reads these without the pages' own reads, so that the first load stays small.
export * from './client';
export * from './nodes';
export * from './session';

const PAGE_SIZE = 1000;

/** Reads a list to its end. Tokens that lead back would make it endless, so it stops at a repeated one. */
export async function allPages<T>(read: (pageToken: string) => Promise<{ items: T[]; next: string }>): Promise<T[]> {
  const items: T[] = [];
  const seen = new Set<string>();
  for (let token = ''; !seen.has(token); ) {
    seen.add(token);
    const page = await read(token);
    items.push(...page.items);
    if (page.next === '') break;
    token = page.next;
  }
  return items;
}

/** What a picker needs of a provider or a group. */
const NAMES = { pageSize: PAGE_SIZE, readMask: { paths: ['name'] } };
const namesOf = (items: readonly { name: string }[]) => items.map((item) => item.name);

/** The names of all providers, in order. */
export function useProviderNames() {
  const transport = useTransport();
  return useQuery({
    queryKey: [...CONFIG_KEY, 'provider-names'],
    refetchInterval: CALM,
    queryFn: ({ signal }) =>
      allPages(async (pageToken) => {
        const input = { ...NAMES, pageToken };
        const page = await callUnaryMethod(transport, ProviderService.method.listProviders, input, { signal });
        return { items: namesOf(page.providers), next: page.nextPageToken };
      }),
  });
}

/** The names of all groups, in order. */
export function useGroupNames() {
  const transport = useTransport();
  return useQuery({
    queryKey: [...CONFIG_KEY, 'group-names'],
    refetchInterval: CALM,
    queryFn: ({ signal }) =>
      allPages(async (pageToken) => {
        const input = { ...NAMES, pageToken };
        const page = await callUnaryMethod(transport, GroupService.method.listGroups, input, { signal });
        return { items: namesOf(page.groups), next: page.nextPageToken };
      }),
  });
}

export function useSettings() {
  const transport = useTransport();
  return useQuery({
    queryKey: [...CONFIG_KEY, 'settings'],
    refetchInterval: CALM,
    queryFn: async ({ signal }) =>
      (await callUnaryMethod(transport, SettingsService.method.getSettings, {}, { signal })).settings ?? null,
  });
}

/** Calls, newest first, a page at a time. Only the first page is live: a longer list would read it all again. */
export function useCalls(search: CallSearch, pageSize = 50) {
  const transport = useTransport();
  return useInfiniteQuery({
    queryKey: ['calls', search, pageSize],
    initialPageParam: '',
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }): Promise<ListCallsResponse> => {
      const input = { filter: callFilter(search), pageSize, pageToken: pageParam, withAttempts: true };
      return callUnaryMethod(transport, CallService.method.listCalls, input, { signal });
    },
    getNextPageParam: (last) => last.nextPageToken || undefined,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : LIVE),
  });
}

export function useCall(id: string) {
  return useConnectQuery(CallService.method.getCall, { id });
}
