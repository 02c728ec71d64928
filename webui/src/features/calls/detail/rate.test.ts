import { expect, test } from 'vitest';
import { rateOf } from './rate';

test.each([
  ['input', 1200n, '0.003', '2.5'],
  ['cachedInput', 7n, '0.000000525', '0.075'],
  ['perCharacter', 500n, '0.0075', '15'],
  ['perSecond', 90_000n, '0.009', '0.0001'],
  ['perImage', 3n, '0.12', '0.04'],
  ['perCall', 1n, '0.01', '0.01'],
  ['output', 0n, '0', undefined],
] as const)('%s: %s for %s USD were charged at %s', (kind, quantity, cost, rate) => {
  expect(rateOf(kind, quantity, cost)).toBe(rate);
});
