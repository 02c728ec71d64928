import { type Range, STEP_MS, spanOf, stepOf } from '@/ui/range';

/** What the whole page is about. */
export type View = { range: Range; group: string; key: string };

/** The time that one answer is of, and how long its buckets are, in ms. */
export type Frame = { from: number; to: number; step: number; range: Range };

const MINUTE = STEP_MS.minute;
const HOUR = STEP_MS.hour;
const DAY = STEP_MS.day;
/** Sums go back two years, those of minutes 90 days. */
const LONGEST = 730 * DAY;
const MINUTES_KEPT = 89 * DAY;
/** A comparison of days needs some: shorter ranges show a week. */
export const FEWEST_DAYS = 7;

/**
 * The time of a view as the sums have it: whole minutes, whole hours when it is about a key or drawn by the day. A
 * named range includes the minute, or the hour, that is running.
 */
export function frameOf({ range, key }: View, now: number): Frame {
  const span = spanOf(range, now);
  const unit = key === '' && stepOf(span) !== 'day' ? MINUTE : HOUR;
  const to = Math.ceil(span.to / unit) * unit;
  const wanted = key === '' && 'name' in range ? to - (span.to - span.from) : Math.floor(span.from / unit) * unit;
  const from = Math.max(wanted, to - LONGEST);
  const fine = STEP_MS[stepOf({ from, to })];
  const isOld = from < now - MINUTES_KEPT;
  return { from, to, step: fine === MINUTE && (key !== '' || isOld) ? HOUR : fine, range };
}

/** The days of a frame; the week before its end when it is shorter than that. */
export function daysOf(frame: Frame): Frame {
  if (frame.to - frame.from >= FEWEST_DAYS * DAY) return { ...frame, step: DAY };
  const first = new Date(frame.to - 1);
  first.setHours(0, 0, 0, 0);
  first.setDate(first.getDate() - (FEWEST_DAYS - 1));
  return { ...frame, from: first.getTime(), step: DAY };
}

/** How often a view is read again, in ms: the longer it is, the slower it moves. false for a time that is over. */
export function intervalOf({ range }: View, now: number): number | false {
  const { from, to } = spanOf(range, now);
  if (to < now - HOUR) return false;
  const length = to - from;
  return length <= 3 * HOUR ? 10_000 : length <= 2 * DAY ? 30_000 : length <= 8 * DAY ? MINUTE : 5 * MINUTE;
}

/** Where a bucket ends: days of 23 and 25 hours end at midnight too. */
export function endOf(at: number, { step, to }: Frame): number {
  if (step < DAY) return Math.min(at + step, to);
  const next = new Date(at);
  next.setDate(next.getDate() + 1);
  return Math.min(next.getTime(), to);
}
