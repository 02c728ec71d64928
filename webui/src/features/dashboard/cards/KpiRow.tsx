import { create } from '@bufbuild/protobuf';
import {
  type GetUsageSeriesResponse,
  type SummarizeUsageResponse,
  type UsageTotals,
  UsageTotalsSchema,
} from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import { Kpi, type KpiProps, Kpis } from '@/ui/charts/Kpi';
import { Loaded } from '@/ui/Loaded';
import { SkeletonBlock } from '@/ui/States';
import c from '../dashboard.module.css';
import type { CallsLink } from '../links';
import { type Read, useSeries, useSummary } from '../queries';
import { atOf, changeOf, msOf, num, successOf, tokensOf } from '../sums';
import { usePeriod } from '../usePeriod';
import type { View } from '../view';

/** The page's first figures, each against the time of the same length before. */
export function KpiRow({ view, calls }: { view: View; calls: CallsLink }) {
  const summary = useSummary(view);
  const series = useSeries(view); // for the sparklines; without it the figures stand alone
  return (
    <Loaded
      query={summary}
      skeleton={
        <div className={c.waiting}>
          <SkeletonBlock height={124} />
        </div>
      }
    >
      {(read) => (
        <div data-old={summary.isPlaceholderData} className={c.read}>
          <Figures read={read} series={series.data?.data} calls={calls} />
        </div>
      )}
    </Loaded>
  );
}

function Figures({
  read: { data, frame },
  series,
  calls,
}: {
  read: Read<SummarizeUsageResponse>;
  series: GetUsageSeriesResponse | undefined;
  calls: CallsLink;
}) {
  const { t, compact, percent, duration, usdShort } = useI18n();
  const words = usePeriod();
  const { total: now, previous: before } = data;
  const period = t('dashboard.kpi.period', { period: words(frame) });
  const trend = (of: (totals: UsageTotals) => number | undefined) => trendOf(series, of);
  const [success, successBefore] = [successOf(now), successOf(before)];
  const [p95, p95Before] = [msOf(now?.duration?.p95), msOf(before?.duration?.p95)];
  const cached = num(now?.inputTokens) > 0 ? num(now?.cachedInputTokens) / num(now?.inputTokens) : undefined;
  const figures: Omit<KpiProps, 'period'>[] = [
    {
      label: t('dashboard.kpi.requests'),
      value: compact(num(now?.calls)),
      change: changeOf(num(now?.calls), num(before?.calls)),
      trend: trend((s) => num(s.calls)),
      link: calls(frame),
    },
    {
      label: t('dashboard.kpi.success'),
      value: success === undefined ? '–' : percent(success, 2),
      change: success === undefined || successBefore === undefined ? undefined : success - successBefore,
      better: 'up',
      trend: trend(successOf),
      color: 'var(--ok)',
      link: calls(frame, { failed: true }),
    },
    {
      label: t('dashboard.kpi.p95'),
      value: p95 === undefined ? '–' : duration(p95),
      change: changeOf(p95, p95Before),
      better: 'down',
      trend: trend((s) => msOf(s.duration?.p95)),
      color: 'var(--c3)',
      link: calls(frame, p95 === undefined ? {} : { minMs: Math.max(1, Math.round(p95)) }),
    },
    {
      label: t('dashboard.kpi.cost'),
      value: usdShort(now?.cost || 0),
      change: changeOf(Number(now?.cost ?? 0), Number(before?.cost ?? 0)),
      trend: trend((s) => Number(s.cost)),
      color: 'var(--c4)',
      link: calls(frame),
    },
    {
      label: t('dashboard.kpi.tokens'),
      value: compact(tokensOf(now)),
      change: changeOf(tokensOf(now), tokensOf(before)),
      note: cached === undefined ? undefined : t('dashboard.kpi.cached', { share: percent(cached) }),
      trend: trend(tokensOf),
      color: 'var(--c5)',
      link: calls(frame),
    },
    {
      label: t('dashboard.kpi.saved'),
      value: compact(num(now?.savedCalls)),
      change: changeOf(num(now?.savedCalls), num(before?.savedCalls)),
      trend: trend((s) => num(s.savedCalls)),
      color: 'var(--c2)',
      link: calls(frame, { outcome: 'ok', failedOver: true }),
    },
  ];
  return (
    <Kpis>
      {figures.map((figure) => (
        <Kpi key={figure.label} {...figure} period={period} />
      ))}
    </Kpis>
  );
}

/** A number for each bucket: a count is 0 where there was no call, a share or a time is a gap. */
function trendOf(series: GetUsageSeriesResponse | undefined, of: (totals: UsageTotals) => number | undefined) {
  if (!series) return undefined;
  const points = new Map(series.series[0]?.points.map((point) => [atOf(point.startTime), point.total]));
  const none = of(create(UsageTotalsSchema));
  return series.bucketTimes.map((time) => {
    const total = points.get(atOf(time));
    return total ? of(total) : none;
  });
}
