import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { callUnaryMethod, useQuery as useConnectQuery, useTransport } from '@connectrpc/connect-query';
import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { UsageBucket, UsageDimension, UsageService } from '@/gen/trunkline/admin/v1/usage_pb';
import { STEP_MS } from '@/ui/range';
import { daysOf, type Frame, frameOf, intervalOf, type View } from './view';

/** Values that have a mark of their own; the rest is one more. */
const TOP = 6;
/** Providers compared; each brings its models along. */
const PROVIDERS = 8;
/** How often health is read again, in ms. */
const LIVE = 10_000;

/** When an answer was read, 0 for never, and whether the last attempt failed. */
export type Reading = Pick<UseQueryResult, 'dataUpdatedAt' | 'isError'>;
/** An answer with the time it is of: a card says and links to what it shows, not to what was asked meanwhile. */
export type Read<T> = { data: T; frame: Frame };
export type ReadQuery<T> = UseQueryResult<Read<T>>;

const BUCKETS: Record<number, UsageBucket> = {
  [STEP_MS.minute]: UsageBucket.MINUTE,
  [STEP_MS.hour]: UsageBucket.HOUR,
  [STEP_MS.day]: UsageBucket.DAY,
};
const bucketed = (frame: Frame) => ({
  bucket: BUCKETS[frame.step],
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
});
const timeOf = ({ from, to }: Frame) => ({ startTime: timestampFromMs(from), endTime: timestampFromMs(to) });

/**
 * Reads sums of the page's time again and again. The time is worked out at each reading, so one key holds them all. Each card
 * asks for what it shows, and cards that show the same share one reading: an answer then draws its own cards again and no others.
 */
function useSums<I extends DescMessage, O extends DescMessage>(
  view: View,
  what: string,
  method: DescMethodUnary<I, O>,
  input: (frame: Frame) => MessageInitShape<I>,
  { framed = (frame: Frame) => frame, enabled = true } = {},
): ReadQuery<MessageShape<O>> {
  const transport = useTransport();
  return useQuery({
    queryKey: ['dashboard', what, view],
    enabled,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    refetchInterval: () => intervalOf(view, Date.now()),
    queryFn: async ({ signal }) => {
      const frame = framed(frameOf(view, Date.now()));
      return { data: await callUnaryMethod(transport, method, input(frame), { signal }), frame };
    },
  });
}

/** What cards without times show; times are most of what sums are read from. */
const COUNTED = { paths: ['calls', 'cost'] };

const callsOf = (view: View, frame: Frame) => ({ ...timeOf(frame), group: view.group, apiKey: view.key });
/** Sums over attempts know nothing of keys: their cards say so. */
const attemptsOf = (view: View, frame: Frame) => ({ ...timeOf(frame), group: view.group });

export const useSummary = (view: View) =>
  useSums(view, 'summary', UsageService.method.summarizeUsage, (frame) => ({ filter: callsOf(view, frame) }));

export const useSeries = (view: View) =>
  useSums(view, 'series', UsageService.method.getUsageSeries, (frame) => ({
    filter: callsOf(view, frame),
    ...bucketed(frame),
  }));

export const useModels = (view: View) =>
  useSums(view, 'models', UsageService.method.breakDownUsage, (frame) => ({
    filter: callsOf(view, frame),
    by: UsageDimension.MODEL,
    limit: TOP,
    readMask: COUNTED,
  }));

/** Models by day; some more than are drawn, as the colours go to those of the page's own range. */
export const useDays = (view: View) =>
  useSums(
    view,
    'days',
    UsageService.method.getUsageSeries,
    (frame) => ({
      filter: callsOf(view, frame),
      ...bucketed(frame),
      by: UsageDimension.MODEL,
      limit: TOP + 2,
      readMask: COUNTED,
    }),
    { framed: daysOf },
  );

export const useProviders = (view: View) =>
  useSums(view, 'providers', UsageService.method.breakDownAttempts, (frame) => ({
    filter: attemptsOf(view, frame),
    by: UsageDimension.PROVIDER,
    thenBy: UsageDimension.MODEL,
    limit: PROVIDERS,
  }));

const attemptSeries = (view: View, by: UsageDimension) => (frame: Frame) => ({
  filter: attemptsOf(view, frame),
  ...bucketed(frame),
  by,
  limit: TOP,
});

export const useProviderSeries = (view: View) =>
  useSums(view, 'provider-series', UsageService.method.getAttemptSeries, attemptSeries(view, UsageDimension.PROVIDER));

/** Only asked for while someone compares models. */
export const useModelSeries = (view: View, enabled: boolean) =>
  useSums(view, 'model-series', UsageService.method.getAttemptSeries, attemptSeries(view, UsageDimension.MODEL), {
    enabled,
  });

export const useReasons = (view: View) =>
  useSums(view, 'reasons', UsageService.method.breakDownAttempts, (frame) => ({
    filter: attemptsOf(view, frame),
    by: UsageDimension.OUTCOME,
    thenBy: UsageDimension.PROVIDER,
    limit: 50,
    readMask: { paths: ['attempts'] },
  }));

/** All that the page reads, for the mark that says how old it is. */
export function useReadings(view: View, isByModel: boolean): readonly Reading[] {
  const models = useModelSeries(view, isByModel);
  const always = [
    useSummary(view),
    useSeries(view),
    useModels(view),
    useDays(view),
    useProviders(view),
    useProviderSeries(view),
    useReasons(view),
    useHealth(),
  ];
  return isByModel ? [...always, models] : always;
}

/** How the providers stand right now, whatever the page's range. */
export const useHealth = () =>
  useConnectQuery(ProviderService.method.listProviderHealth, {}, { refetchInterval: LIVE });
