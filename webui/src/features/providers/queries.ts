import { callUnaryMethod, useQuery as useConnectQuery, useTransport } from '@connectrpc/connect-query';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { allPages, CONFIG_KEY } from '@/api/queries';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import type { ProviderHealth } from '@/gen/trunkline/admin/v1/health_pb';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import {
  type AttemptTotals,
  UsageBucket,
  UsageDimension,
  UsageService,
  type UsageTotals,
} from '@/gen/trunkline/admin/v1/usage_pb';
import { type Order, orderText } from '@/ui/order';

/** How often live figures are read again, in milliseconds; never in a hidden tab. */
const LIVE = 10_000;
/** Sums of a day move slowly. */
const SUMS = 30_000;
/** Configuration is read again when its revision changes; this is for when that news is lost. */
const CALM = 60_000;
const PAGE = 100;
const MOST = 1000;

/** What the server can sort by; the other columns come from health and usage. */
const SERVER_ORDERS = new Set(['name', 'create_time', 'update_time']);
export const isServerOrder = (order: Order) => SERVER_ORDERS.has(order.by);

/** Providers that match, a page at a time in the server's order. */
export function useProviderPages(search: string, order: Order) {
  const transport = useTransport();
  const orderBy = orderText(order);
  return useInfiniteQuery({
    queryKey: [...CONFIG_KEY, 'provider-pages', search, orderBy],
    enabled: isServerOrder(order),
    initialPageParam: '',
    placeholderData: keepPreviousData,
    refetchInterval: CALM,
    queryFn: ({ pageParam: pageToken, signal }) => {
      const input = { pageSize: PAGE, pageToken, search, orderBy };
      return callUnaryMethod(transport, ProviderService.method.listProviders, input, { signal });
    },
    getNextPageParam: (last) => last.nextPageToken || undefined,
  });
}

/** All providers that match: what sorts them by health or usage is not known to the list. */
export function useAllProviders(search: string, enabled: boolean) {
  const transport = useTransport();
  return useQuery({
    queryKey: [...CONFIG_KEY, 'provider-all', search],
    enabled,
    placeholderData: keepPreviousData,
    refetchInterval: CALM,
    queryFn: ({ signal }) =>
      allPages(async (pageToken) => {
        const input = { pageSize: MOST, pageToken, search };
        const page = await callUnaryMethod(transport, ProviderService.method.listProviders, input, { signal });
        return { items: page.providers, next: page.nextPageToken };
      }),
  });
}

export function useProvider(name: string) {
  const transport = useTransport();
  return useQuery({
    queryKey: [...CONFIG_KEY, 'provider', name],
    refetchInterval: CALM,
    queryFn: async ({ signal }) => {
      const read = await callUnaryMethod(transport, ProviderService.method.getProvider, { name }, { signal });
      return read.provider ?? null;
    },
  });
}

/** How providers stand on all connected nodes together, and since when that is known. */
export function useHealth(names: string[] = []) {
  const query = useConnectQuery(ProviderService.method.listProviderHealth, { names }, { refetchInterval: LIVE });
  const byName = useMemo(
    () => new Map<string, ProviderHealth>(query.data?.providers.map((p) => [p.provider, p])),
    [query.data],
  );
  return { byName, at: query.dataUpdatedAt, error: query.error };
}

/** What says how many went well. */
export const SHARE = ['attempts', 'counted_failures'];

export type Figures = { attempts?: AttemptTotals; usage?: UsageTotals };

/** Sums of the last day by provider: attempts, failed ones too, and what the answered calls cost. */
export function useFigures() {
  const by = UsageDimension.PROVIDER;
  const options = { refetchInterval: SUMS };
  const attemptsOf = { by, limit: MOST, readMask: { paths: SHARE } };
  const attempts = useConnectQuery(UsageService.method.breakDownAttempts, attemptsOf, options);
  const usageOf = { by, limit: MOST, readMask: { paths: ['cost'] } };
  const usage = useConnectQuery(UsageService.method.breakDownUsage, usageOf, options);
  const byName = useMemo(() => {
    const figures = new Map<string, Figures>();
    for (const row of attempts.data?.rows ?? []) figures.set(row.value, { attempts: row.total });
    for (const row of usage.data?.rows ?? []) figures.set(row.value, { ...figures.get(row.value), usage: row.total });
    return figures;
  }, [attempts.data, usage.data]);
  return { byName, isKnown: attempts.data !== undefined, error: attempts.error ?? usage.error };
}

/** A day by the hour of this browser's time zone. */
export const HOURS = { bucket: UsageBucket.HOUR, timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone };

/** Providers whose hours come in one answer: their names stand in its address. */
const TOGETHER = 50;

/** Listed providers in the parts that are read together; each name leads to its part. */
export function partsOf(names: readonly string[]): Map<string, readonly string[]> {
  const parts = new Map<string, readonly string[]>();
  for (let from = 0; from < names.length; from += TOGETHER) {
    // Rows that change places within a part are no new question.
    const part = names.slice(from, from + TOGETHER).sort();
    for (const name of part) parts.set(name, part);
  }
  return parts;
}

/** The hours of the last day of a provider, from the answer for all that are read together; undefined until it is there. */
export function useHoursAmong(part: readonly string[], provider: string) {
  const transport = useTransport();
  const { data, isPlaceholderData } = useQuery({
    queryKey: ['provider-hours', ...part],
    placeholderData: keepPreviousData,
    staleTime: SUMS,
    refetchInterval: SUMS,
    queryFn: ({ signal }) => {
      const input = { ...HOURS, by: UsageDimension.PROVIDER, values: [...part], readMask: { paths: SHARE } };
      return callUnaryMethod(transport, UsageService.method.getAttemptSeries, input, { signal });
    },
  });
  const series = data?.series.find((s) => s.value === provider);
  // The answer for other providers says nothing of one that it does not have.
  return data && !(isPlaceholderData && !series) ? { times: data.bucketTimes, series } : undefined;
}

/** The hours of the last day of one provider. */
export function useHours(provider: string) {
  const input = { ...HOURS, filter: { provider } };
  return useConnectQuery(UsageService.method.getAttemptSeries, input, { staleTime: SUMS, refetchInterval: SUMS });
}

/** Groups with a member of the provider. */
export function useGroupsOf(provider: string, enabled = true) {
  const transport = useTransport();
  return useQuery({
    queryKey: [...CONFIG_KEY, 'groups-of', provider],
    enabled,
    refetchInterval: CALM,
    queryFn: ({ signal }) =>
      allPages(async (pageToken) => {
        const input = { pageSize: MOST, pageToken, provider };
        const page = await callUnaryMethod(transport, GroupService.method.listGroups, input, { signal });
        return { items: page.groups, next: page.nextPageToken };
      }),
  });
}
