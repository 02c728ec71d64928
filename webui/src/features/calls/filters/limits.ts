import { toMs } from '@/api/duration';
import type { UsageTotals } from '@/gen/trunkline/admin/v1/usage_pb';

/** What counts as slow and as expensive while no call says what is usual. */
const SLOW_MS = 10_000;
const EXPENSIVE = 0.1;
/** So many times the mean is expensive. */
const TIMES = 5;

/** From when on a call is slower than 95 % are, and from when on it costs several times the mean; two digits each. */
export function limitsOf(total: UsageTotals | undefined): { slowMs: number; cost: number } {
  const p95 = toMs(total?.duration?.p95);
  const calls = Number(total?.calls ?? 0n);
  const mean = calls > 0 ? Number(total?.cost) / calls : 0;
  return {
    slowMs: p95 >= 1 ? Math.round(Number(p95.toPrecision(2))) : SLOW_MS,
    cost: mean > 0 ? Number((mean * TIMES).toPrecision(2)) : EXPENSIVE,
  };
}
