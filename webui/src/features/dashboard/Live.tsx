import { useI18n } from '@/i18n';
import c from './dashboard.module.css';
import { intervalOf, type View } from './view';

/** Whether the page reads itself again, and how often. */
export function Live({ view }: { view: View }) {
  const { t, setting } = useI18n();
  const every = intervalOf(view, Date.now());
  const text = every === false ? t('dashboard.live.not') : t('dashboard.live.every', { time: setting(every) });
  return (
    <span className={c.live} data-on={every !== false} title={text}>
      <i aria-hidden />
      {every === false ? t('dashboard.live.fixed') : t('dashboard.live.on')}
      <span className="visually-hidden">{text}</span>
    </span>
  );
}
