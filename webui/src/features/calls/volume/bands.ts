import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { GetUsageSeriesResponse, UsageTotals } from '@/gen/trunkline/admin/v1/usage_pb';
import type { PlainKey } from '@/i18n';
import type { Point } from '@/ui/charts/types';
import { outcomeTone, type Tone } from '@/ui/outcome';

/** The bars' parts, from the bottom: every outcome belongs to one, by its tone. */
export const BANDS: readonly { key: Tone; word: PlainKey; color: string }[] = [
  { key: 'ok', word: 'calls.band.ok', color: 'var(--ok)' },
  { key: 'mute', word: 'calls.band.left', color: 'var(--mute)' },
  { key: 'warn', word: 'calls.band.caller', color: 'var(--warn)' },
  { key: 'bad', word: 'calls.band.failed', color: 'var(--bad)' },
];

export type Volume = { points: Point[]; calls: number; failed: number };

/** The series of outcomes as bars. Two filters that sums do not take are read out of them. */
export function volumeOf(
  { bucketTimes, series }: GetUsageSeriesResponse,
  { failed, failedOver }: { failed?: boolean; failedOver?: boolean },
): Volume {
  const points = new Map<number, Point>(bucketTimes.map((time) => [timestampMs(time), { at: timestampMs(time) }]));
  const number = (total: UsageTotals | undefined) => Number((failedOver ? total?.failedOverCalls : total?.calls) ?? 0n);
  const sum = { calls: 0, failed: 0 };
  for (const one of series) {
    if (failed && one.value === 'ok') continue;
    const band = one.other ? 'bad' : outcomeTone(one.value);
    for (const { startTime, total } of one.points) {
      const point = startTime && points.get(timestampMs(startTime));
      const n = number(total);
      if (!point || n === 0) continue;
      point[band] = (point[band] ?? 0) + n;
      sum.calls += n;
      if (one.value !== 'ok') sum.failed += n;
    }
  }
  return { points: [...points.values()], ...sum };
}
