import { type Search, texts } from './search';

/** The ranges one may choose with a click, in milliseconds. */
export const RANGES = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000, '30d': 2_592_000_000 } as const;
export type RangeName = keyof typeof RANGES;

/** A time on a page: one of the names, which ends now, or a fixed one in ms since 1970. */
export type Range = { name: RangeName } | { from: number; to: number };

/** How a range stands in the address: ?range=7d, or ?from=...&to=... in ms since 1970. */
export type RangeSearch = { range?: RangeName; from?: number; to?: number };

/** Reads a range from an address; one that makes no sense counts as absent. */
export function rangeSearch(search: Search): RangeSearch {
  const { range } = texts(search, 'range');
  if (range !== undefined && Object.hasOwn(RANGES, range)) return { range: range as RangeName };
  const [from, to] = [Number(search.from), Number(search.to)];
  return Number.isSafeInteger(from) && Number.isSafeInteger(to) && 0 < from && from < to ? { from, to } : {};
}

/** The range of a page, the last day unless the address says otherwise. */
export function rangeOf(search: RangeSearch, otherwise: RangeName = '24h'): Range {
  if (search.from !== undefined && search.to !== undefined) return { from: search.from, to: search.to };
  return { name: search.range ?? otherwise };
}

/** What goes into the address for a range; parameters of the other kind are taken out. */
export function searchOf(range: Range, otherwise: RangeName = '24h') {
  return 'name' in range
    ? { range: range.name === otherwise ? undefined : range.name, from: undefined, to: undefined }
    : { range: undefined, from: range.from, to: range.to };
}

/**
 * Start and end of a range at a time. A named range ends at the last full step, so that the
 * same query is asked, and cached, until the next step begins.
 */
export function spanOf(range: Range, now: number): { from: number; to: number } {
  if ('from' in range) return range;
  const length = RANGES[range.name];
  const step = Math.min(60_000, length / 360);
  const to = Math.ceil(now / step) * step;
  return { from: to - length, to };
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long a chart's buckets are for a span: minutes to three hours, hours to a week, then days. */
export function stepOf({ from, to }: { from: number; to: number }): 'minute' | 'hour' | 'day' {
  const length = to - from;
  return length <= 3 * HOUR ? 'minute' : length <= 7 * DAY ? 'hour' : 'day';
}
export const STEP_MS = { minute: MINUTE, hour: HOUR, day: DAY } as const;
