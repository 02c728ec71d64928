import { STEP_MS } from '../range';

/** Room for a time under the axis, in px, with what is left free beside it. */
const LABEL = { minute: 54, hour: 54, day: 68 } as const;
/** How many minutes, hours or days may lie between two times: those that divide an hour or a day, a few days, or weeks. */
const EVERY = {
  minute: [1, 2, 5, 10, 15, 30, 60, 120],
  hour: [1, 2, 3, 4, 6, 8, 12, 24],
  day: [1, 2, 3, 4, 7, 14, 28, 91, 364],
} as const;

/**
 * The times that are written under a chart: as many as there is room for, at even distances, and on whole multiples
 * of the local time. Hours of several days would not say which day, so then the days are marked.
 */
export function ticksOf(times: readonly number[], step: number, width: number): { ticks: number[]; step: number } {
  const length = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const unit = step >= STEP_MS.day || length > 2 * STEP_MS.day ? 'day' : step >= STEP_MS.hour ? 'hour' : 'minute';
  const most = Math.max(1, Math.floor(width / LABEL[unit]));
  const fits = (every: number) => length / (every * STEP_MS[unit]) < most;
  const every = EVERY[unit].find(fits) ?? EVERY[unit].at(-1) ?? 1;
  const units = times.map((at) => unitsOf(at, unit));
  // Where a unit begins: not with a first time in the middle of its day, nor with an hour that clocks repeat.
  const begins = (at: number, i: number) =>
    i > 0 ? units[i] !== units[i - 1] : step >= STEP_MS[unit] || new Date(at).getHours() === 0;
  const ticks = times.filter((at, i) => (units[i] ?? 0) % every === 0 && begins(at, i));
  return { ticks, step: Math.max(step, STEP_MS[unit]) };
}

/** Minutes or hours since midnight, or days since a Monday, of the local time. */
function unitsOf(at: number, unit: keyof typeof EVERY): number {
  const d = new Date(at);
  if (unit === 'hour') return d.getHours();
  if (unit === 'minute') return d.getHours() * 60 + d.getMinutes();
  return Math.round(Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / STEP_MS.day) + 3;
}
