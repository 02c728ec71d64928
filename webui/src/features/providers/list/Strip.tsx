import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { AttemptSeries, AttemptTotals } from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import { type Cell, HeatStrip, toneOf } from '@/ui/charts/HeatStrip';
import { type BusiestHours, useHours } from '../queries';

const HOUR = 3_600_000;

/** The last 24 hours of a provider, an hour a cell: how many of its attempts went well. */
export function Strip({ provider, busiest }: { provider: string; busiest: BusiestHours }) {
  // The busiest come in one answer; the others are asked for when their row is in sight.
  const own = busiest?.byName.get(provider);
  const isAlone = busiest !== undefined && own === undefined && busiest.isCut;
  const alone = useHours(provider, isAlone);
  const times = isAlone ? alone.data?.bucketTimes : busiest?.times;
  if (!times) return <HeatCells provider={provider} times={[]} series={undefined} />;
  return <HeatCells provider={provider} times={times} series={isAlone ? alone.data?.series[0] : own} />;
}

function HeatCells({
  provider,
  times,
  series,
}: {
  provider: string;
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
        ? t('providers.strip.none')
        : t('providers.strip.cell', {
            share: percent(share, 1),
            failures: int(total?.countedFailures ?? 0n),
            n: int(total?.attempts ?? 0n),
          });
    const link = total && ({ to: '/calls', search: { provider, from: at, to: at + HOUR } } as const);
    return { at, tone: toneOf(share), title: `${dayTime(at)} · ${what}`, link };
  });
  const share = shareOf(series?.total);
  const label =
    share === undefined ? t('providers.strip.noneDay') : t('providers.strip.day', { share: percent(share, 1) });
  return <HeatStrip label={label} cells={cells} />;
}

/** Attempts that did not count against the provider, of all; undefined without any. */
function shareOf(total: AttemptTotals | undefined): number | undefined {
  if (!total || total.attempts === 0n) return undefined;
  return 1 - Number(total.countedFailures) / Number(total.attempts);
}
