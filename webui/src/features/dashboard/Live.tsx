import { useI18n } from '@/i18n';
import { useNow } from '@/ui/useNow';
import c from './dashboard.module.css';
import { intervalOf, type View } from './view';

/** What says how old an answer is, and whether a newer one could not be had. */
export type Reading = { dataUpdatedAt: number; isRefetchError: boolean };

/** Whether the page reads itself again, how often, and whether that goes well. */
export function Live({ view, readings }: { view: View; readings: readonly Reading[] }) {
  const { t, age, setting } = useI18n();
  const now = useNow();
  const every = intervalOf(view, now);
  if (every === false) return <Mark state="fixed" word={t('dashboard.live.fixed')} why={t('dashboard.live.not')} />;
  const old = now - Math.min(now, ...readings.map((r) => r.dataUpdatedAt).filter((at) => at > 0));
  return old > 2 * every || readings.some((r) => r.isRefetchError) ? (
    <Mark state="stale" word={t('dashboard.live.stale')} why={t('dashboard.live.old', { age: age(old) })} />
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
