import { useI18n } from '@/i18n';
import c from './ui.module.css';

/** Steps drawn at most; long scales are drawn with these. */
const MOST = 10;

/** How many failures of those that open a cooldown: 3/5. */
export function Meter({ n, of }: { n: number; of: number }) {
  const { t, int } = useI18n();
  const steps = Math.min(of, MOST);
  const lit = Math.min(steps, Math.ceil((n / of) * steps));
  return (
    <span className={c.meter}>
      <span className={c.meterBar} aria-hidden>
        {Array.from({ length: steps }, (_, i) => (
          <i key={i} data-lit={i < lit} />
        ))}
      </span>
      <span className="num">{t('health.failures', { n: int(n), max: int(of) })}</span>
    </span>
  );
}
