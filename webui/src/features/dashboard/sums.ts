import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { toMs } from '@/api/duration';
import type { AttemptTotals, UsageTotals } from '@/gen/trunkline/admin/v1/usage_pb';

/** Counts come as bigint; no page draws more than a number holds. */
export const num = (count: bigint | undefined): number => Number(count ?? 0n);
export const msOf = (time: Duration | undefined): number | undefined => (time ? toMs(time) : undefined);
export const atOf = (time: Timestamp | undefined): number => (time ? timestampMs(time) : 0);

/** Share of the calls that ended ok; undefined without any. */
export function successOf(totals: UsageTotals | undefined): number | undefined {
  const calls = num(totals?.calls);
  return calls === 0 ? undefined : num(totals?.okCalls) / calls;
}

/** Share of the attempts that did not fail on the provider's side; undefined without any. */
export function healthOf(totals: Pick<AttemptTotals, 'attempts' | 'countedFailures'> | undefined): number | undefined {
  const attempts = num(totals?.attempts);
  return attempts === 0 ? undefined : 1 - num(totals?.countedFailures) / attempts;
}

export const tokensOf = (totals: UsageTotals | undefined): number =>
  num(totals?.inputTokens) + num(totals?.outputTokens);

/** How much more it is than before, as a share; undefined when there was nothing before. */
export const changeOf = (now: number | undefined, before: number | undefined): number | undefined =>
  now === undefined || !before ? undefined : (now - before) / before;
