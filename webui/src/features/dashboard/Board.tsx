import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useI18n } from '@/i18n';
import { colorsByRank } from '@/ui/charts/palette';
import { PageHeader } from '@/ui/Page';
import { type Range, rangeOf, searchOf } from '@/ui/range';
import { AlertsStrip } from './cards/AlertsStrip';
import { DaysCard } from './cards/DaysCard';
import { HealthCard } from './cards/HealthCard';
import { KpiRow } from './cards/KpiRow';
import { ModelsCard } from './cards/ModelsCard';
import { NodesStrip } from './cards/NodesStrip';
import { ReasonsCard } from './cards/ReasonsCard';
import { ResponseCard } from './cards/ResponseCard';
import { SpeedCard } from './cards/SpeedCard';
import { SuccessCard } from './cards/SuccessCard';
import { TrafficCard } from './cards/TrafficCard';
import c from './dashboard.module.css';
import { Filters } from './Filters';
import { callsLink } from './links';
import {
  useDays,
  useHealth,
  useModelSeries,
  useModels,
  useProviderSeries,
  useProviders,
  useReasons,
  useSeries,
  useSummary,
} from './queries';
import { num } from './sums';
import { usePeriod } from './usePeriod';
import { frameOf } from './view';

const route = getRouteApi('/signed-in/');

/** All cards of the page. Each question is asked once, here, and handed to the cards that show its answer. */
export function Board() {
  const { t, int, usdShort, compact } = useI18n();
  const { group = '', key = '', time, by, ...search } = route.useSearch();
  const navigate = route.useNavigate();
  const period = usePeriod();
  const view = useMemo(
    () => ({ range: rangeOf(search), group, key }),
    [search.range, search.from, search.to, group, key],
  );
  const summary = useSummary(view);
  const series = useSeries(view);
  const models = useModels(view);
  const days = useDays(view);
  const providers = useProviders(view);
  const providerSeries = useProviderSeries(view);
  const isByModel = by === 'model';
  const modelSeries = useModelSeries(view, isByModel);
  const reasons = useReasons(view);
  const health = useHealth();
  const always = [summary, series, models, days, providers, providerSeries, reasons, health];
  const readings = isByModel ? [...always, modelSeries] : always;

  const calls = callsLink(view);
  const colorOf = useModelColors(models.data?.data.rows, days.data?.data.series);
  const setRange = (range: Range) =>
    void navigate({ search: (s) => ({ ...s, ...searchOf(range) }), resetScroll: false });
  // Sums over attempts are not kept by API key: such cards are about all of them, and say so.
  const note = key === '' ? undefined : t('dashboard.allKeys');
  return (
    <>
      <PageHeader
        title={t('nav.dashboard')}
        lead={t('dashboard.lead', {
          period: period(summary.data?.frame ?? frameOf(view, Date.now())),
          zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        })}
        aside={<Filters view={view} readings={readings} onRange={setRange} />}
      />
      <AlertsStrip />
      <KpiRow summary={summary} series={series} calls={calls} />
      <NodesStrip />
      <div className={c.grid}>
        <div className={c.half}>
          <TrafficCard query={series} calls={calls} onZoom={(from, to) => setRange({ from, to })} />
        </div>
        <div className={c.half}>
          <ModelsCard query={models} calls={calls} colorOf={colorOf} />
        </div>
        <div className={c.third}>
          <DaysCard
            title={t('dashboard.days.traffic')}
            query={days}
            of={(totals) => num(totals.calls)}
            format={int}
            formatAxis={compact}
            calls={calls}
            colorOf={colorOf}
          />
        </div>
        <div className={c.third}>
          <DaysCard
            title={t('dashboard.days.cost')}
            query={days}
            of={(totals) => Number(totals.cost)}
            format={usdShort}
            formatAxis={usdShort}
            calls={calls}
            colorOf={colorOf}
          />
        </div>
        <div className={`${c.third} ${c.wide}`}>
          <ReasonsCard query={reasons} calls={calls} note={note} />
        </div>
        <div className={c.half}>
          <ResponseCard query={series} calls={calls} isFirst={time === 'first'} />
        </div>
        <div className={c.half}>
          <SuccessCard query={providers} series={providerSeries} calls={calls} note={note} />
        </div>
        <div className={c.speedCard}>
          <SpeedCard
            series={isByModel ? modelSeries : providerSeries}
            providers={providers}
            calls={calls}
            by={by ?? 'provider'}
            isFirst={time === 'first'}
            note={note}
          />
        </div>
        <div className={c.healthCard}>
          <HealthCard query={health} group={group} />
        </div>
      </div>
    </>
  );
}

/** A model has one colour on the whole page: by its rank in the page's range, then by that of the days. */
function useModelColors(
  rows: readonly { value: string }[] = [],
  series: readonly { value: string; other: boolean }[] = [],
) {
  const named = [...rows, ...series.filter((s) => !s.other)].map((s) => s.value).filter((value) => value !== '');
  return colorsByRank([...new Set(named)]);
}
