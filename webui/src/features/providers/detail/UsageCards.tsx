import { timestampMs } from '@bufbuild/protobuf/wkt';
import { useQuery } from '@connectrpc/connect-query';
import { Link } from '@tanstack/react-router';
import { toMs } from '@/api/duration';
import { type AttemptTotals, UsageService } from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import { Kpi, Kpis } from '@/ui/charts/Kpi';
import { Legend } from '@/ui/charts/Legend';
import { TimeChart } from '@/ui/charts/TimeChart';
import { Card } from '@/ui/Page';
import { ErrorState, SkeletonBlock } from '@/ui/States';
import { HOURS, useHours } from '../queries';
import c from './detail.module.css';

const HOUR = 3_600_000;

/** The last day of a provider: its attempts and how they went, what it cost; each leads to the calls. */
export function UsageCards({ provider }: { provider: string }) {
  const { t, int, percent, duration, usdShort } = useI18n();
  const hours = useHours(provider);
  const usage = useQuery(
    UsageService.method.getUsageSeries,
    { ...HOURS, filter: { provider } },
    { staleTime: 60_000, refetchInterval: 60_000 },
  );
  if (hours.error && !hours.data) {
    return <ErrorState error={hours.error} onRetry={() => hours.refetch()} busy={hours.isFetching} />;
  }
  if (!hours.data) return <SkeletonBlock height={280} />;
  const series = hours.data.series[0];
  const total = series?.total;
  const attempts = total?.attempts ?? 0n;
  const failures = total?.countedFailures ?? 0n;
  const link = { to: '/calls', search: { provider } } as const;
  const period = t('providers.usage.period');
  const points = new Map(series?.points.map((p) => [p.startTime ? timestampMs(p.startTime) : 0, p.total]));
  const costs = new Map(
    usage.data?.series[0]?.points.map((p) => [p.startTime ? timestampMs(p.startTime) : 0, Number(p.total?.cost || 0)]),
  );
  const times = hours.data.bucketTimes.map((time) => timestampMs(time));
  const trend = (of: (total: AttemptTotals | undefined) => number | undefined) => times.map((at) => of(points.get(at)));
  const marks = [
    { key: 'ok', label: t('providers.usage.ok'), color: 'var(--c1)' },
    { key: 'other', label: t('providers.usage.other'), color: 'var(--c-other)' },
    { key: 'failed', label: t('providers.usage.failed'), color: 'var(--bad)' },
  ];
  return (
    <div>
      <Kpis>
        <Kpi
          label={t('providers.col.requests')}
          value={int(attempts)}
          trend={trend((point) => Number(point?.attempts ?? 0n))}
          period={period}
          link={link}
        />
        <Kpi
          label={t('providers.col.failures')}
          value={int(failures)}
          trend={trend((point) => Number(point?.countedFailures ?? 0n))}
          color="var(--bad)"
          note={attempts > 0n ? percent(Number(failures) / Number(attempts), 1) : undefined}
          period={period}
          link={link}
        />
        <Kpi
          label={t('providers.usage.p95')}
          value={total?.duration?.p95 ? duration(toMs(total.duration.p95)) : '–'}
          trend={trend((point) => (point?.duration?.p95 ? toMs(point.duration.p95) : undefined))}
          color="var(--c2)"
          note={total?.duration?.p50 && t('providers.usage.p50', { time: duration(toMs(total.duration.p50)) })}
          period={period}
          link={link}
        />
        <Kpi
          label={t('providers.col.cost')}
          value={usage.data ? usdShort(usage.data.series[0]?.total?.cost || 0) : '–'}
          trend={usage.data && times.map((at) => costs.get(at) ?? 0)}
          color="var(--c3)"
          period={period}
          link={link}
        />
      </Kpis>
      <Card
        title={t('providers.usage.title')}
        sub={period}
        aside={
          <>
            <Legend series={marks} />
            <Link to="/calls" search={{ provider }} className={c.link}>
              {t('providers.calls')}
            </Link>
          </>
        }
      >
        {attempts === 0n ? (
          <p>{t('providers.usage.none')}</p>
        ) : (
          <TimeChart
            kind="bars"
            label={`${t('providers.usage.title')}, ${period}`}
            points={times.map((at) => {
              const point = points.get(at);
              const [all, ok, failed] = [point?.attempts, point?.okAttempts, point?.countedFailures].map((n) =>
                Number(n ?? 0n),
              ) as [number, number, number];
              return { at, ok, failed, other: Math.max(0, all - ok - failed) };
            })}
            series={marks}
            step={HOUR}
            format={int}
            height={180}
            link={(at) => ({ to: '/calls', search: { provider, from: at, to: at + HOUR } })}
          />
        )}
      </Card>
    </div>
  );
}
