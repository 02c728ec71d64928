import type { GetUsageSeriesResponse, UsageTotals } from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import { OTHER, OTHER_COLOR } from '@/ui/charts/palette';
import { TimeChart } from '@/ui/charts/TimeChart';
import type { Point, Series } from '@/ui/charts/types';
import { bucketOf, type CallsLink } from '../links';
import { useDays } from '../queries';
import { atOf } from '../sums';
import { useModelColors } from '../useModelColors';
import type { Frame, View } from '../view';
import { ReadCard } from './ReadCard';

/** A figure by day and model: requests in one card, cost in another. Models without a colour are summed up. */
export function DaysCard({
  title,
  view,
  of,
  format,
  formatAxis,
  calls,
}: {
  title: string;
  view: View;
  of: (totals: UsageTotals) => number;
  format: (value: number) => string;
  formatAxis: (value: number) => string;
  calls: CallsLink;
}) {
  const query = useDays(view);
  const colorOf = useModelColors(view);
  const { t, daySpan } = useI18n();
  const sub = (frame: Frame) => t('dashboard.days.sub', { days: daySpan(frame.from, frame.to - 1) });
  const height = 252;
  return (
    <ReadCard
      title={title}
      sub={({ frame }) => sub(frame)}
      query={query}
      height={height}
      isEmpty={(data) => data.series.length === 0}
    >
      {({ data, frame }) => {
        const { points, models } = stack(data, of, colorOf);
        const series: Series[] = models.map((key) => ({ key, label: key, color: colorOf(key) }));
        return (
          <TimeChart
            kind="bars"
            label={`${title}, ${sub(frame)}`}
            points={points}
            series={[...series, { key: OTHER, label: t('dashboard.days.other'), color: OTHER_COLOR }]}
            step={frame.step}
            height={height}
            format={format}
            formatAxis={formatAxis}
            link={(at, model) => calls(bucketOf(at, frame), model && model !== OTHER ? { model } : {})}
          />
        );
      }}
    </ReadCard>
  );
}

/** One point for each day, with a number for each model that has a colour and one for all others. */
function stack(data: GetUsageSeriesResponse, of: (totals: UsageTotals) => number, colorOf: (model: string) => string) {
  const points = data.bucketTimes.map((time): Point => ({ at: atOf(time), [OTHER]: 0 }));
  const byTime = new Map(points.map((point) => [point.at, point]));
  const isNamed = ({ other, value }: { other: boolean; value: string }) =>
    !other && value !== '' && colorOf(value) !== OTHER_COLOR;
  for (const series of data.series) {
    const key = isNamed(series) ? series.value : OTHER;
    for (const { startTime, total } of series.points) {
      const point = byTime.get(atOf(startTime));
      if (point && total) point[key] = (point[key] ?? 0) + of(total);
    }
  }
  return { points, models: data.series.filter(isNamed).map((series) => series.value) };
}
