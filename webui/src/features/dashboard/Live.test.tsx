import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { renderUi } from '@/test/renderUi';
import { LiveMark } from './Live';
import type { Reading } from './queries';
import type { View } from './view';

const SECOND = 1000;
const read = (secondsAgo: number, isError = false): Reading => ({
  dataUpdatedAt: Date.now() - secondsAgo * SECOND,
  isError,
});
const day: View = { range: { name: '24h' }, group: '', key: '' }; // read again every 30 seconds
const over: View = { ...day, range: { from: 0, to: 86_400_000 } };

test.each<[string, View, Reading[], string, RegExp]>([
  ['what was just read is live', day, [read(1), read(2)], 'Live', /^Refreshed every 30/],
  ['one reading that was missed is no matter', day, [read(1), read(55)], 'Live', /^Refreshed every 30/],
  ['what was never read has no age', day, [read(1), { dataUpdatedAt: 0, isError: false }], 'Live', /^Refreshed/],
  ['the oldest answer counts', day, [read(1), read(125)], 'Stale', /^Last refreshed 2 min ago$/],
  ['a reading that failed says so at once', day, [read(1), read(10, true)], 'Stale', /^Last refreshed 1\d sec ago$/],
  ['a first reading that failed is not live', day, [{ dataUpdatedAt: 0, isError: true }], 'Stale', /^Not loaded yet$/],
  ['a time that is over does not get old', over, [read(4000)], 'Fixed', /^A past period/],
])('%s', async (_, view, readings, word, why) => {
  await renderUi(() => <LiveMark view={view} readings={readings} />);
  expect(screen.getByTitle(why)).toHaveTextContent(word);
});
