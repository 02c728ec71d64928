import type { GetUsageSeriesResponse } from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import { Legend } from '@/ui/charts/Legend';
import { TimeChart } from '@/ui/charts/TimeChart';
import { bucketOf, type CallsLink } from '../links';
import { useSeries } from '../queries';
import { atOf, num } from '../sums';
import { usePeriod } from '../usePeriod';
import type { View } from '../view';
import { perBucket } from '../words';
import { ReadCard } from './ReadCard';

const HEIGHT = 232;
const FILTERS = {
  first: { outcome: 'ok' },
  saved: { outcome: 'ok', failedOver: true },
  failed: { failed: true },
} as const;

/** Requests over time by how they ended: at the first try, saved by a failover, or not at all. */
export function TrafficCard({
  view,
  calls,
  onZoom,
}: {
  view: View;
  calls: CallsLink;
  onZoom: (from: number, to: number) => void;
}) {
  const query = useSeries(view);
  const { t, int } = useI18n();
  const period = usePeriod();
  const marks = [
    { key: 'first', label: t('dashboard.traffic.first'), color: 'var(--c1)' },
    { key: 'saved', label: t('dashboard.traffic.saved'), color: 'var(--c3)' },
    { key: 'failed', label: t('dashboard.traffic.failed'), color: 'var(--bad)' },
  ];
  return (
    <ReadCard
      title={t('dashboard.traffic.title')}
      sub={({ frame }) => t(perBucket(frame.step), { period: period(frame) })}
      aside={<Legend series={marks} />}
      query={query}
      height={HEIGHT}
      isEmpty={(data) => data.series.length === 0}
    >
      {({ data, frame }) => (
        <TimeChart
          kind="bars"
          label={`${t('dashboard.traffic.title')}, ${period(frame)}`}
          points={pointsOf(data)}
          series={marks}
          step={frame.step}
          height={HEIGHT}
          format={int}
          link={(at, series) => calls(bucketOf(at, frame), series ? FILTERS[series as keyof typeof FILTERS] : {})}
          onZoom={onZoom}
        />
      )}
    </ReadCard>
  );
}

function pointsOf({ bucketTimes, series }: GetUsageSeriesResponse) {
  const totals = new Map(series[0]?.points.map((point) => [atOf(point.startTime), point.total]));
  return bucketTimes.map((time) => {
    const at = atOf(time);
    const total = totals.get(at);
    const [all, ok, saved] = [num(total?.calls), num(total?.okCalls), num(total?.savedCalls)];
    return { at, first: ok - saved, saved, failed: all - ok };
  });
}
