import { describe, expect, test } from 'vitest';
import type { Range } from '@/ui/range';
import { daysOf, endOf, frameOf, intervalOf } from './view';

// The tests run in UTC.
const NOW = Date.UTC(2026, 10, 23, 14, 5, 37);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const view = (range: Range, key = '') => ({ range, group: '', key });

describe('the time that is asked for', () => {
  test('a named range ends with the minute that is running, and is as long as its name says', () => {
    const frame = frameOf(view({ name: '1h' }), NOW);
    expect(frame).toMatchObject({ to: Date.UTC(2026, 10, 23, 14, 6), step: MINUTE });
    expect(frame.to - frame.from).toBe(HOUR);
    expect(frameOf(view({ name: '24h' }), NOW).step).toBe(HOUR);
    expect(frameOf(view({ name: '30d' }), NOW).step).toBe(DAY);
  });

  test('of a key only whole hours are known', () => {
    expect(frameOf(view({ name: '1h' }, 'k'), NOW)).toMatchObject({
      from: Date.UTC(2026, 10, 23, 13),
      to: Date.UTC(2026, 10, 23, 15),
      step: HOUR,
    });
  });

  test('minutes are kept 90 days, and nothing is asked beyond two years', () => {
    const old = NOW - 200 * DAY;
    expect(frameOf(view({ from: old, to: old + HOUR }), NOW).step).toBe(HOUR);
    const frame = frameOf(view({ from: MINUTE, to: NOW }), NOW);
    expect(frame.to - frame.from).toBe(730 * DAY);
  });

  test('days are at least a week, the last of them today', () => {
    expect(daysOf(frameOf(view({ name: '24h' }), NOW))).toMatchObject({ from: Date.UTC(2026, 10, 17), step: DAY });
    const month = frameOf(view({ name: '30d' }), NOW);
    expect(daysOf(month).from).toBe(month.from);
  });

  test('a bucket ends with its day or with the frame', () => {
    const frame = { from: 0, to: Date.UTC(2026, 10, 23, 14, 6), step: DAY, range: { name: '30d' } as const };
    expect(endOf(Date.UTC(2026, 10, 22), frame)).toBe(Date.UTC(2026, 10, 23));
    expect(endOf(Date.UTC(2026, 10, 23), frame)).toBe(frame.to);
    expect(endOf(Date.UTC(2026, 10, 22, 5), { ...frame, step: HOUR })).toBe(Date.UTC(2026, 10, 22, 6));
  });
});

test('the longer a range, the rarer it is read again; one that is over never', () => {
  const every = (range: Range) => intervalOf(view(range), NOW);
  expect([every({ name: '1h' }), every({ name: '24h' }), every({ name: '7d' }), every({ name: '30d' })]).toEqual([
    10_000, 30_000, 60_000, 300_000,
  ]);
  expect(every({ from: NOW - 3 * DAY, to: NOW - 2 * DAY })).toBe(false);
});
