import { useI18n } from '@/i18n';
import { useNow } from './useNow';

/** The time left until a cooldown ends; until is in ms since 1970. */
export function Countdown({ until }: { until: number }) {
  const { t, countdown } = useI18n();
  const left = until - useNow();
  return (
    <span className="num">{left > 0 ? t('health.retryIn', { time: countdown(left) }) : t('health.retrySoon')}</span>
  );
}
