import { Link } from '@tanstack/react-router';
import type { AttemptSeries, AttemptTotals, GetAttemptSeriesResponse } from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import { type Cell, HeatStrip, toneOf } from '@/ui/charts/HeatStrip';
import c from '../dashboard.module.css';
import { bucketOf, type CallsLink } from '../links';
import { type Read, useProviderSeries, useProviders } from '../queries';
import { atOf, healthOf, num } from '../sums';
import { usePeriod } from '../usePeriod';
import type { View } from '../view';
import { ReadCard } from './ReadCard';

/** Cells of a strip at most: more are too thin to point at. */
const CELLS = 30;

/** How many of each provider's attempts went well, and when they did not. */
export function SuccessCard({ view, calls, note }: { view: View; calls: CallsLink; note: string | undefined }) {
  const query = useProviders(view);
  const series = useProviderSeries(view); // for the strips; without it the figures stand alone
  const { t, count } = useI18n();
  const period = usePeriod();
  return (
    <ReadCard
      title={t('dashboard.success.title')}
      sub={({ frame }) => [t('dashboard.success.sub', { period: period(frame) }), note].filter(Boolean).join(' · ')}
      query={query}
      height={200}
      isEmpty={(data) => data.rows.length === 0}
    >
      {({ data, frame }) => (
        <table className={c.figures} aria-label={`${t('dashboard.success.title')}, ${period(frame)}`}>
          <thead>
            <tr>
              <th scope="col">{t('dashboard.col.provider')}</th>
              <th scope="col" className={c.course}>
                {t('dashboard.col.course')}
              </th>
              <th scope="col">{t('dashboard.col.success')}</th>
              <th scope="col">{t('dashboard.col.attempts')}</th>
            </tr>
          </thead>
          <tbody>
            {data.rows.map(({ value, total }) => (
              <Row key={value} name={value} total={total} link={calls(frame, { provider: value })}>
                <Strip provider={value} read={series.data} calls={calls} />
              </Row>
            ))}
            {data.otherCount > 0 && (
              <Row
                name={count('dashboard.providers.other', data.otherCount)}
                total={data.other}
                link={{ to: '/providers' }}
              />
            )}
          </tbody>
        </table>
      )}
    </ReadCard>
  );
}

function Row({
  name,
  total,
  link,
  children,
}: {
  name: string;
  total: AttemptTotals | undefined;
  link: ReturnType<CallsLink>;
  children?: React.ReactNode;
}) {
  const { percent, compact } = useI18n();
  const share = healthOf(total);
  return (
    <tr>
      <th scope="row">
        <Link {...link}>{name}</Link>
      </th>
      <td className={c.course}>{children}</td>
      <td className="num" data-tone={toneOf(share)}>
        <b>{share === undefined ? '–' : percent(share, 2)}</b>
      </td>
      <td className="num">{compact(num(total?.attempts))}</td>
    </tr>
  );
}

function Strip({
  provider,
  read,
  calls,
}: {
  provider: string;
  read: Read<GetAttemptSeriesResponse> | undefined;
  calls: CallsLink;
}) {
  const { t, int, percent, bucketLong } = useI18n();
  const series = read?.data.series.find((s) => s.value === provider && !s.other);
  if (!read || !series) return null;
  const cells = sumUp(read, series).map(({ from, to, attempts, countedFailures }): Cell => {
    const share = healthOf({ attempts, countedFailures });
    const what =
      share === undefined
        ? t('dashboard.success.nothing')
        : t('dashboard.success.cell', {
            share: percent(share, 1),
            failures: int(countedFailures),
            n: int(attempts),
          });
    return {
      at: from,
      tone: toneOf(share),
      title: `${bucketLong(from, read.frame.step)} · ${what}`,
      link: share === undefined ? undefined : calls({ from, to }, { provider }),
    };
  });
  return (
    <HeatStrip label={t('dashboard.success.strip', { share: percent(healthOf(series.total) ?? 0, 1) })} cells={cells} />
  );
}

/** The buckets of a series, several in one where there are many. */
function sumUp({ data, frame }: Read<GetAttemptSeriesResponse>, series: AttemptSeries) {
  const totals = new Map(series.points.map((point) => [atOf(point.startTime), point.total]));
  const size = Math.ceil(data.bucketTimes.length / CELLS);
  const times = data.bucketTimes.map(atOf);
  return Array.from({ length: Math.ceil(times.length / size) }, (_, i) => {
    const part = times.slice(i * size, (i + 1) * size);
    const sum = (of: 'attempts' | 'countedFailures') =>
      part.reduce((all, at) => all + (totals.get(at)?.[of] ?? 0n), 0n);
    return {
      from: bucketOf(part[0] ?? 0, frame).from,
      to: bucketOf(part.at(-1) ?? 0, frame).to,
      attempts: sum('attempts'),
      countedFailures: sum('countedFailures'),
    };
  });
}
