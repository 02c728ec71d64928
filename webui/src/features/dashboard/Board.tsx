import { getRouteApi } from '@tanstack/react-router';
import { memo, useMemo } from 'react';
import { useI18n } from '@/i18n';
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
import { useSummary } from './queries';
import { num } from './sums';
import { usePeriod } from './usePeriod';
import { frameOf, type View } from './view';

const route = getRouteApi('/signed-in/');

/** All cards of the page. Each reads what it shows, so this draws again only when the address changes. */
export const Board = memo(function Board() {
  const { t, int, usdShort, compact } = useI18n();
  const { group = '', key = '', time, by, ...search } = route.useSearch();
  const navigate = route.useNavigate();
  const view = useMemo(
    () => ({ range: rangeOf(search), group, key }),
    [search.range, search.from, search.to, group, key],
  );
  const isByModel = by === 'model';
  const calls = callsLink(view);
  const setRange = (range: Range) =>
    void navigate({ search: (s) => ({ ...s, ...searchOf(range) }), resetScroll: false });
  // Sums over attempts are not kept by API key: such cards are about all of them, and say so.
  const note = key === '' ? undefined : t('dashboard.allKeys');
  return (
    <>
      <PageHeader
        title={t('nav.dashboard')}
        lead={<Lead view={view} />}
        aside={<Filters view={view} isByModel={isByModel} onRange={setRange} />}
      />
      <AlertsStrip />
      <KpiRow view={view} calls={calls} />
      <NodesStrip />
      <div className={c.grid}>
        <div className={c.half}>
          <TrafficCard view={view} calls={calls} onZoom={(from, to) => setRange({ from, to })} />
        </div>
        <div className={c.half}>
          <ModelsCard view={view} calls={calls} />
        </div>
        <div className={c.third}>
          <DaysCard
            title={t('dashboard.days.traffic')}
            view={view}
            of={(totals) => num(totals.calls)}
            format={int}
            formatAxis={compact}
            calls={calls}
          />
        </div>
        <div className={c.third}>
          <DaysCard
            title={t('dashboard.days.cost')}
            view={view}
            of={(totals) => Number(totals.cost)}
            format={usdShort}
            formatAxis={usdShort}
            calls={calls}
          />
        </div>
        <div className={`${c.third} ${c.wide}`}>
          <ReasonsCard view={view} calls={calls} note={note} />
        </div>
        <div className={c.half}>
          <ResponseCard view={view} calls={calls} isFirst={time === 'first'} />
        </div>
        <div className={c.half}>
          <SuccessCard view={view} calls={calls} note={note} />
        </div>
        <div className={c.speedCard}>
          <SpeedCard view={view} calls={calls} by={by ?? 'provider'} isFirst={time === 'first'} note={note} />
        </div>
        <div className={c.healthCard}>
          <HealthCard group={group} />
        </div>
      </div>
    </>
  );
});

/** The time that the figures are of. */
function Lead({ view }: { view: View }) {
  const { t } = useI18n();
  const period = usePeriod();
  const { data } = useSummary(view);
  return t('dashboard.lead', {
    period: period(data?.frame ?? frameOf(view, Date.now())),
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
}
