import { expect, test } from 'vitest';
import { rangeOf, rangeSearch, searchOf, spanOf, stepOf } from './range';

const now = Date.UTC(2026, 10, 23, 12, 0, 7);

test.each([
  [{ range: '7d' }, { range: '7d' }],
  [{ range: '9y' }, {}],
  [{ range: 'constructor' }, {}],
  [
    { from: 1000, to: 2000 },
    { from: 1000, to: 2000 },
  ],
  [
    { from: '1000', to: '2000' },
    { from: 1000, to: 2000 },
  ],
  [{ from: 2000, to: 1000 }, {}],
  [{ from: 1000 }, {}],
  [{ from: 'x', to: 5 }, {}],
  [{}, {}],
])('the address %j holds the range %j', (search, wanted) => expect(rangeSearch(search)).toEqual(wanted));

test('a range goes into the address and back, and the default is not said', () => {
  expect(searchOf({ name: '24h' })).toEqual({});
  expect(rangeOf({})).toEqual({ name: '24h' });
  for (const range of [{ name: '30d' } as const, { from: 5, to: 9 }]) expect(rangeOf(searchOf(range))).toEqual(range);
});

test('a named range ends with its running step, so that it is the same for a while', () => {
  const { from, to } = spanOf({ name: '24h' }, now);
  expect(new Date(to).toISOString()).toBe('2026-11-23T12:01:00.000Z');
  expect(to - from).toBe(86_400_000);
  expect(spanOf({ name: '24h' }, now + 40_000)).toEqual({ from, to });
  expect(spanOf({ from: 1, to: 2 }, now)).toEqual({ from: 1, to: 2 });
});

test.each([
  [3_600_000, 'minute'],
  [86_400_000, 'hour'],
  [7 * 86_400_000, 'hour'],
  [8 * 86_400_000, 'day'],
])('%d ms are drawn by the %s', (length, step) => expect(stepOf({ from: 0, to: length })).toBe(step));
