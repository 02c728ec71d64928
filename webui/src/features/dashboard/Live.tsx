import { useI18n } from '@/i18n';
import { useNow } from '@/ui/useNow';
import c from './dashboard.module.css';
import { type Reading, useReadings } from './queries';
import { intervalOf, type View } from './view';

/** Whether the page reads itself again, how often, and whether that goes well. */
export function Live({ view, isByModel }: { view: View; isByModel: boolean }) {
  return <LiveMark view={view} readings={useReadings(view, isByModel)} />;
}

export function LiveMark({ view, readings }: { view: View; readings: readonly Reading[] }) {
  const { t, age, setting } = useI18n();
  const now = useNow();
  const every = intervalOf(view, now);
  if (every === false) return <Mark state="fixed" word={t('dashboard.live.fixed')} why={t('dashboard.live.not')} />;
  const read = readings.map((r) => r.dataUpdatedAt).filter((at) => at > 0);
  const old = now - Math.min(now, ...read);
  const why = read.length > 0 ? t('dashboard.live.old', { age: age(old) }) : t('dashboard.live.never');
  return old > 2 * every || readings.some((r) => r.isError) ? (
    <Mark state="stale" word={t('dashboard.live.stale')} why={why} />
  ) : (
    <Mark state="live" word={t('dashboard.live.on')} why={t('dashboard.live.every', { time: setting(every) })} />
  );
}

function Mark({ state, word, why }: { state: 'live' | 'stale' | 'fixed'; word: string; why: string }) {
  return (
    <span className={c.live} data-state={state} title={why}>
      <i aria-hidden />
      {word}
      <span className="visually-hidden">{why}</span>
    </span>
  );
}
