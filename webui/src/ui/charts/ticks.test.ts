import { expect, test } from 'vitest';
import { ticksOf } from './ticks';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const HALF_PAST_8_PM = Date.UTC(2026, 10, 29, 20, 0);

const clock = (ms: number) => new Date(ms).toISOString().slice(8, 16).replace('T', ' ');
const times = (from: number, step: number, n: number) => Array.from({ length: n }, (_, i) => from + i * step);

test.each([
  [
    'a day in a card',
    HOUR,
    25,
    480,
    ['29 20:00', '30 00:00', '30 04:00', '30 08:00', '30 12:00', '30 16:00', '30 20:00'],
  ],
  ['a day on a phone', HOUR, 25, 270, ['30 00:00', '30 06:00', '30 12:00', '30 18:00']],
  ['a week in days on a phone', DAY, 7, 240, ['30 20:00', '03 20:00']],
  ['an hour', MINUTE, 60, 480, ['29 20:00', '29 20:10', '29 20:20', '29 20:30', '29 20:40', '29 20:50']],
  ['a week in hours', HOUR, 72, 480, ['30 00:00', '01 00:00', '02 00:00']],
  ['a month', DAY, 30, 480, ['30 20:00', '07 20:00', '14 20:00', '21 20:00', '28 20:00']],
  ['one time', HOUR, 1, 480, ['29 20:00']],
  ['no room yet', HOUR, 25, 0, ['30 00:00']],
])('%s has even times', (_, step, n, width, texts) => {
  expect(ticksOf(times(HALF_PAST_8_PM, step, n), step, width).ticks.map(clock)).toEqual(texts);
});

test('nothing to draw has no times', () => expect(ticksOf([], HOUR, 480).ticks).toEqual([]));

test('distances are even and no label meets the next, at every width', () => {
  for (const [step, n] of [
    [MINUTE, 180],
    [HOUR, 25],
    [HOUR, 49],
    [HOUR, 169],
    [DAY, 30],
    [DAY, 365],
  ] as const) {
    for (let width = 240; width <= 1400; width += 40) {
      const all = times(HALF_PAST_8_PM, step, n);
      const { ticks } = ticksOf(all, step, width);
      const gaps = new Set(ticks.slice(1).map((at, i) => at - (ticks[i] ?? 0)));
      expect(gaps.size, `${n} of ${step} at ${width}`).toBeLessThanOrEqual(1);
      for (const gap of gaps)
        expect((gap / ((n - 1) * step)) * width).toBeGreaterThanOrEqual(
          step === DAY || (n - 1) * step > 2 * DAY ? 60 : 48,
        );
    }
  }
});
