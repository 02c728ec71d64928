import type { GetUsageSeriesResponse } from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import { Legend } from '@/ui/charts/Legend';
import { PERCENTILES } from '@/ui/charts/palette';
import { TimeChart } from '@/ui/charts/TimeChart';
import { bucketOf, type CallsLink } from '../links';
import { useSeries } from '../queries';
import { atOf, msOf } from '../sums';
import { usePeriod } from '../usePeriod';
import type { View } from '../view';
import { ReadCard } from './ReadCard';
import { TimeSwitch } from './TimeSwitch';

const HEIGHT = 200;

/** How long requests took as clients saw it, over time: the median and the slow ones. */
export function ResponseCard({
  view,
  calls,
  isFirst,
}: {
  view: View;
  calls: CallsLink;
  /** Times to the first token instead of to the last byte. */
  isFirst: boolean;
}) {
  const query = useSeries(view);
  const { t, duration } = useI18n();
  const period = usePeriod();
  const title = isFirst ? t('dashboard.response.first') : t('dashboard.response.title');
  return (
    <ReadCard
      title={title}
      sub={({ frame }) => t('dashboard.response.sub', { period: period(frame) })}
      aside={<TimeSwitch />}
      query={query}
      height={HEIGHT}
      isEmpty={(data) => data.series.length === 0}
    >
      {({ data, frame }) => (
        <>
          <Legend series={PERCENTILES} />
          <TimeChart
            kind="lines"
            label={`${title}, ${period(frame)}`}
            points={pointsOf(data, isFirst)}
            series={PERCENTILES}
            step={frame.step}
            height={HEIGHT - 24}
            format={duration}
            formatAxis={duration}
            link={(at) => calls(bucketOf(at, frame))}
          />
        </>
      )}
    </ReadCard>
  );
}

function pointsOf({ bucketTimes, series }: GetUsageSeriesResponse, isFirst: boolean) {
  const totals = new Map(series[0]?.points.map((point) => [atOf(point.startTime), point.total]));
  return bucketTimes.map((time) => {
    const at = atOf(time);
    const total = totals.get(at);
    const times = isFirst ? total?.firstTokenLatency : total?.duration;
    return { at, p50: msOf(times?.p50), p95: msOf(times?.p95), p99: msOf(times?.p99) };
  });
}
