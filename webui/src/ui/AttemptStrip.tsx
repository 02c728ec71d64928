import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { AttemptSeries, AttemptTotals } from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import { type Cell, HeatStrip, toneOf } from './charts/HeatStrip';

const HOUR = 3_600_000;

/** The last 24 hours of attempts, an hour a cell: how many went well. */
export function AttemptStrip({
  calls,
  times,
  series,
}: {
  /** Whose they are: what the calls that an hour leads to are filtered by. */
  calls: { provider?: string; group?: string };
  times: readonly Timestamp[];
  series: AttemptSeries | undefined;
}) {
  const { t, int, percent, dayTime } = useI18n();
  const totals = new Map(series?.points.map((p) => [p.startTime ? timestampMs(p.startTime) : 0, p.total]));
  const cells = times.map((time): Cell => {
    const at = timestampMs(time);
    const total = totals.get(at);
    const share = shareOf(total);
    const what =
      share === undefined
        ? t('strip.none')
        : t('strip.cell', {
            share: percent(share, 1),
            failures: int(total?.countedFailures ?? 0n),
            n: int(total?.attempts ?? 0n),
          });
    const link = total && ({ to: '/calls', search: { ...calls, from: at, to: at + HOUR } } as const);
    return { at, tone: toneOf(share), title: `${dayTime(at)} · ${what}`, link };
  });
  const share = shareOf(series?.total);
  const label = share === undefined ? t('strip.noneDay') : t('strip.day', { share: percent(share, 1) });
  return <HeatStrip label={label} cells={cells} />;
}

/** Attempts that did not count against the provider, of all; undefined without any. */
export function shareOf(total: AttemptTotals | undefined): number | undefined {
  if (!total || total.attempts === 0n) return undefined;
  return 1 - Number(total.countedFailures) / Number(total.attempts);
}
