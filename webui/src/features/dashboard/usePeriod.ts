import { type PlainKey, useI18n } from '@/i18n';
import { RANGES, type RangeName } from '@/ui/range';
import type { Frame } from './view';

const LAST: Record<RangeName, PlainKey> = {
  '1h': 'dashboard.period.1h',
  '24h': 'dashboard.period.24h',
  '7d': 'dashboard.period.7d',
  '30d': 'dashboard.period.30d',
};

/** The words for the time that figures are of: "last 24 hours", or from when to when. */
export function usePeriod(): (frame: Frame) => string {
  const { t, span } = useI18n();
  return ({ from, to, range }) =>
    'name' in range && to - from === RANGES[range.name] ? t(LAST[range.name]) : span(from, to);
}
