import { callUnaryMethod, useQuery as useConnectQuery, useTransport } from '@connectrpc/connect-query';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { CALM, CONFIG_KEY, LIVE } from '@/api/queries';
import { type GroupRoute, GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { type AttemptTotals, UsageBucket, UsageDimension, UsageService } from '@/gen/trunkline/admin/v1/usage_pb';
import type { Conversation } from './AskConversation';

const PAGE = 100;
/** Most groups that are explained in one answer. */
const MOST = 1000;
/** Sums of a day move slowly. */
const SUMS = 60_000;
/** Providers looked through for members at once; typing finds the others. */
const PROVIDERS = 20;

/** Groups that match, a page at a time. */
export function useGroupPages(search: string) {
  const transport = useTransport();
  return useInfiniteQuery({
    queryKey: [...CONFIG_KEY, 'group-pages', search],
    initialPageParam: '',
    placeholderData: keepPreviousData,
    refetchInterval: CALM,
    queryFn: ({ pageParam: pageToken, signal }) =>
      callUnaryMethod(transport, GroupService.method.listGroups, { pageSize: PAGE, pageToken, search }, { signal }),
    getNextPageParam: (last) => last.nextPageToken || undefined,
  });
}

export function useGroup(name: string, enabled = true) {
  const transport = useTransport();
  return useQuery({
    queryKey: [...CONFIG_KEY, 'group', name],
    enabled,
    refetchInterval: CALM,
    queryFn: async ({ signal }) =>
      (await callUnaryMethod(transport, GroupService.method.getGroup, { name }, { signal })).group ?? null,
  });
}

/** How calls to groups are routed now, and since when that is known. */
export function useRoutes(names: readonly string[], every = LIVE) {
  const asked = names.slice(0, MOST);
  const input = { names: asked, pageSize: MOST };
  const query = useConnectQuery(GroupService.method.explainGroups, input, {
    enabled: asked.length > 0,
    refetchInterval: every,
    placeholderData: keepPreviousData,
  });
  const byName = useMemo(
    () => new Map<string, GroupRoute>(query.data?.routes.map((route) => [route.group, route])),
    [query.data],
  );
  return { byName, at: query.dataUpdatedAt };
}

/** Where the calls of a conversation to a group go now. */
export function useConversationRoute(name: string, asked: Conversation | undefined) {
  const input = { name, ...asked };
  return useConnectQuery(GroupService.method.explainGroup, input, {
    enabled: asked !== undefined,
    refetchInterval: LIVE,
    retry: false,
  });
}

const keyOf = (provider: string, model: string) => JSON.stringify([provider, model]);

/** The last day of a group's attempts: by provider and hour, and by provider and model in all. */
export function useMemberStats(group: string) {
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const by = UsageDimension.PROVIDER;
  const options = { refetchInterval: SUMS, staleTime: SUMS };
  const hours = useConnectQuery(
    UsageService.method.getAttemptSeries,
    { filter: { group }, bucket: UsageBucket.HOUR, timeZone, by, limit: 50 },
    options,
  );
  const sums = useConnectQuery(
    UsageService.method.breakDownAttempts,
    { filter: { group }, by, thenBy: UsageDimension.MODEL, limit: 1000 },
    options,
  );
  return useMemo(() => {
    const series = new Map(hours.data?.series.filter((s) => !s.other).map((s) => [s.value, s]));
    const totals = new Map<string, AttemptTotals>();
    for (const row of sums.data?.rows ?? []) {
      for (const part of row.parts) if (part.total) totals.set(keyOf(row.value, part.value), part.total);
    }
    const models = new Map(sums.data?.rows.map((row) => [row.value, row.parts.length]));
    return {
      times: hours.data?.bucketTimes ?? [],
      seriesOf: (provider: string) => series.get(provider),
      /** Attempts on the provider were on several models: its series is not that of one member. */
      isMixed: (provider: string) => (models.get(provider) ?? 0) > 1,
      totalOf: (provider: string, model: string) => totals.get(keyOf(provider, model)),
    };
  }, [hours.data, sums.data]);
}

/** The last day of a group's attempts on one provider, by model and hour. */
export function useModelHours(group: string, provider: string, enabled: boolean) {
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const by = UsageDimension.MODEL;
  return useConnectQuery(
    UsageService.method.getAttemptSeries,
    { filter: { group, provider }, bucket: UsageBucket.HOUR, timeZone, by, limit: 50 },
    { refetchInterval: SUMS, staleTime: SUMS, enabled },
  ).data;
}
export type MemberStats = ReturnType<typeof useMemberStats>;

/** Calls to a group within the last day; undefined until it is known. */
export function useRequests(group: string) {
  const options = { refetchInterval: SUMS, staleTime: SUMS };
  return useConnectQuery(UsageService.method.summarizeUsage, { filter: { group } }, options).data?.total?.calls;
}

/** API keys that may use a group: the first of them, and how many there are. */
export function useKeysOf(group: string, enabled: boolean) {
  return useConnectQuery(KeyService.method.listApiKeys, { group, pageSize: 10 }, { enabled });
}

/** Providers with text in their name or models; more says that there are others. */
export function useProviderSearch(search: string) {
  const input = { search, pageSize: PROVIDERS };
  return useConnectQuery(ProviderService.method.listProviders, input, { placeholderData: keepPreviousData });
}
