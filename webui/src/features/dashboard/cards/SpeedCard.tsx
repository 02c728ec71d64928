import { getRouteApi } from '@tanstack/react-router';
import type { AttemptTotals, GetAttemptSeriesResponse } from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import { Legend } from '@/ui/charts/Legend';
import { colorsByRank, OTHER_COLOR } from '@/ui/charts/palette';
import { TimeChart } from '@/ui/charts/TimeChart';
import { Segments } from '@/ui/Segments';
import c from '../dashboard.module.css';
import { bucketOf, type CallsLink } from '../links';
import { useModelSeries, useProviderSeries, useProviders } from '../queries';
import { atOf, msOf } from '../sums';
import { usePeriod } from '../usePeriod';
import type { View } from '../view';
import { ReadCard } from './ReadCard';
import { SpeedTable } from './SpeedTable';
import { TimeSwitch } from './TimeSwitch';

const route = getRouteApi('/signed-in/');
const HEIGHT = 276;

/** How long attempts took by provider or model: the course as lines, percentiles as a table. */
export function SpeedCard({
  view,
  calls,
  by,
  isFirst,
  note,
}: {
  view: View;
  calls: CallsLink;
  by: 'provider' | 'model';
  isFirst: boolean;
  note: string | undefined;
}) {
  const isByModel = by === 'model';
  const [byProvider, byModel] = [useProviderSeries(view), useModelSeries(view, isByModel)];
  const series = isByModel ? byModel : byProvider;
  const providers = useProviders(view); // their models, which the table shows under each
  const { t, duration } = useI18n();
  const period = usePeriod();
  const title = isFirst ? t('dashboard.speed.first') : t('dashboard.speed.title');
  return (
    <ReadCard
      title={title}
      sub={({ frame }) => [t('dashboard.speed.sub', { period: period(frame) }), note].filter(Boolean).join(' · ')}
      aside={
        <>
          <BySwitch by={by} />
          <TimeSwitch />
        </>
      }
      query={series}
      height={HEIGHT}
      isEmpty={(data) => data.series.length === 0}
    >
      {({ data, frame }) => {
        const named = data.series.filter((s) => !s.other && s.value !== '');
        const color = colorsByRank(named.map((s) => s.value));
        const marks = named.map(({ value }) => ({ key: value, label: value, color: color(value) }));
        return (
          <div className={c.speed}>
            <div>
              <Legend series={marks} />
              <TimeChart
                kind="lines"
                label={`${title}, ${period(frame)}`}
                points={pointsOf(data, isFirst)}
                series={marks}
                step={frame.step}
                height={HEIGHT}
                format={duration}
                formatAxis={duration}
                link={(at, value) => calls(bucketOf(at, frame), value ? { [by]: value } : {})}
              />
            </div>
            <SpeedTable
              label={`${title}, ${period(frame)}`}
              by={by}
              isFirst={isFirst}
              rows={named.map(({ value, total }) => ({
                value,
                total,
                color: color(value) === OTHER_COLOR ? undefined : color(value),
                parts: by === 'provider' ? (providers.data?.data.rows.find((r) => r.value === value)?.parts ?? []) : [],
              }))}
              link={(search) => calls(frame, search)}
            />
          </div>
        );
      }}
    </ReadCard>
  );
}

function BySwitch({ by }: { by: 'provider' | 'model' }) {
  const { t } = useI18n();
  const navigate = route.useNavigate();
  return (
    <Segments
      label={t('dashboard.by.label')}
      value={by}
      options={[
        { value: 'provider', label: t('dashboard.col.provider') },
        { value: 'model', label: t('dashboard.models.model') },
      ]}
      onChange={(chosen) =>
        void navigate({
          search: (s) => ({ ...s, by: chosen === 'model' ? chosen : undefined }),
          replace: true,
          resetScroll: false,
        })
      }
    />
  );
}

/** The mean; of first tokens, of which no mean is kept, the median. */
const timeOf = (total: AttemptTotals | undefined, isFirst: boolean) =>
  msOf(isFirst ? total?.firstTokenLatency?.p50 : total?.averageDuration);

function pointsOf({ bucketTimes, series }: GetAttemptSeriesResponse, isFirst: boolean) {
  const totals = series
    .filter((s) => !s.other && s.value !== '')
    .map((s) => ({ value: s.value, at: new Map(s.points.map((point) => [atOf(point.startTime), point.total])) }));
  return bucketTimes.map((time) => {
    const at = atOf(time);
    return { at, ...Object.fromEntries(totals.map((one) => [one.value, timeOf(one.at.get(at), isFirst)])) };
  });
}
