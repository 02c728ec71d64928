import type { Transport } from '@connectrpc/connect';
import {
  callUnaryMethod,
  createQueryOptions,
  useQuery as useConnectQuery,
  useTransport,
} from '@connectrpc/connect-query';
import { keepPreviousData, QueryClient, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { CallService, type ListCallsResponse } from '@/gen/trunkline/admin/v1/call_pb';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { NodeService } from '@/gen/trunkline/admin/v1/node_pb';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { SettingsService } from '@/gen/trunkline/admin/v1/settings_pb';
import { BASE } from './base';
import { type CallSearch, callFilter } from './callFilter';
import { isSignedOut } from './errors';

/** How often live data is read again, in milliseconds; never in a hidden tab. */
export const LIVE = 5_000;
/** Configuration is read again when its revision changes; this is for when that news is lost. */
export const CALM = 30_000;
const PAGE_SIZE = 1000;

/** Key prefix of everything that changes only with the configuration's revision. */
export const CONFIG_KEY = ['config'] as const;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        networkMode: 'always', // a control plane on this machine needs no network
        retry: (failures, error) => failures < 1 && !isSignedOut(error),
        retryDelay: 800,
      },
      mutations: { networkMode: 'always' },
    },
  });
}

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

export function useProviders() {
  const transport = useTransport();
  return useQuery({
    queryKey: [...CONFIG_KEY, 'providers'],
    refetchInterval: CALM,
    queryFn: ({ signal }) =>
      allPages(async (pageToken) => {
        const input = { pageSize: PAGE_SIZE, pageToken };
        const page = await callUnaryMethod(transport, ProviderService.method.listProviders, input, { signal });
        return { items: page.providers, next: page.nextPageToken };
      }),
  });
}

export function useGroups() {
  const transport = useTransport();
  return useQuery({
    queryKey: [...CONFIG_KEY, 'groups'],
    refetchInterval: CALM,
    queryFn: ({ signal }) =>
      allPages(async (pageToken) => {
        const input = { pageSize: PAGE_SIZE, pageToken };
        const page = await callUnaryMethod(transport, GroupService.method.listGroups, input, { signal });
        return { items: page.groups, next: page.nextPageToken };
      }),
  });
}

export function useApiKeys() {
  const transport = useTransport();
  return useQuery({
    queryKey: [...CONFIG_KEY, 'keys'],
    refetchInterval: CALM,
    queryFn: ({ signal }) =>
      allPages(async (pageToken) => {
        const input = { pageSize: PAGE_SIZE, pageToken };
        const page = await callUnaryMethod(transport, KeyService.method.listApiKeys, input, { signal });
        return { items: page.apiKeys, next: page.nextPageToken };
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

/** Nodes with the health of their targets, live. */
export function useNodes() {
  return useConnectQuery(NodeService.method.listNodes, {}, { refetchInterval: LIVE });
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

export const whoAmI = (transport: Transport) => createQueryOptions(SessionService.method.whoAmI, {}, { transport });

export function useWhoAmI() {
  return useConnectQuery(SessionService.method.whoAmI, {}, { staleTime: 60_000 });
}

/** The nodes' report carries the configuration's revision: when it grows, what is shown of it is old. */
export function useRefreshOnNewRevision() {
  const client = useQueryClient();
  const revision = useNodes().data?.revision;
  useEffect(() => {
    if (revision !== undefined) void client.invalidateQueries({ queryKey: CONFIG_KEY });
  }, [client, revision]);
}

/** Where clients send their calls, without /v1: what the control plane was told, else where the console is. */
export function useGateway(): string {
  const told = useWhoAmI().data?.gatewayUrl;
  return (told || window.location.origin + BASE).replace(/\/(v1\/?)?$/, '');
}
