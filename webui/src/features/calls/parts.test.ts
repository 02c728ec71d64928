import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { callFilter } from '@/api/callFilter';
import { CallSchema, TailCallsResponseSchema } from '@/gen/trunkline/admin/v1/call_pb';
import { GapSchema } from '@/gen/trunkline/admin/v1/gap_pb';
import { GetUsageSeriesResponseSchema, UsageTotalsSchema } from '@/gen/trunkline/admin/v1/usage_pb';
import { callCurl } from './detail/curl';
import { limitsOf } from './filters/limits';
import { cachedShare, tokensPerSecond } from './list/figures';
import { type Arrived, follow, NOTHING, type TailState, withNews } from './list/follow';
import { withGaps } from './list/rows';
import { callsSearch } from './search';
import { viewOf } from './view';
import { volumeOf } from './volume/bands';
import { shift, zoomIn, zoomOut } from './volume/zoom';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

test('an address that makes no sense filters nothing', () => {
  expect(callsSearch({ status: 'x', minMs: -4, minCost: '0', stream: 'maybe', failed: 'no', from: 5, to: 3 })).toEqual(
    {},
  );
  expect(callsSearch({ status: 1e9, minMs: 1.5, minCost: 'NaN' })).toEqual({});
  expect(callsSearch({ status: '429', minMs: 20, minCost: 0.5, stream: false, failed: true, group: 4 })).toEqual({
    status: 429,
    minMs: 20,
    minCost: 0.5,
    stream: false,
    failed: true,
    group: '4',
  });
});

test.each([
  [0.5, '0.5'],
  [10, '10'],
  [1e-7, '0.0000001'],
  [0.1 + 0.2, '0.3'],
])('%d dollars are %s for the API', (minCost, text) => expect(callFilter({ minCost }).minCost).toBe(text));

test('a range that ends now is open, a fixed one and an id are not', () => {
  const open = viewOf({ range: '1h', failed: true, call: 'x' }, NOW);
  expect(open).toMatchObject({ isOpen: true, isFiltered: true, which: { failed: true } });
  expect(open.filter).toEqual({ failed: true, from: open.span.from, to: undefined });
  expect(open.span.to - open.span.from).toBe(HOUR);
  expect(viewOf({ from: 5, to: 9 }, NOW)).toMatchObject({
    isOpen: false,
    isFiltered: false,
    filter: { from: 5, to: 9 },
  });
  expect(viewOf({ id: 'a', group: 'g' }, NOW)).toMatchObject({ isOpen: false, isFiltered: true, filter: { id: 'a' } });
});

test('outcomes become bands, and failed and failed-over ones are read out of them', () => {
  const at = timestampFromMs(NOW);
  const series = (value: string, calls: bigint, failedOverCalls: bigint) => ({
    value,
    points: [{ startTime: at, total: { calls, failedOverCalls } }],
  });
  const data = create(GetUsageSeriesResponseSchema, {
    bucketTimes: [at, timestampFromMs(NOW + HOUR)],
    series: [
      series('ok', 90n, 8n),
      series('server_error', 5n, 2n),
      series('timeout_of_tomorrow', 1n, 0n),
      series('unauthorized', 4n, 0n),
    ],
  });
  expect(volumeOf(data, {})).toEqual({
    points: [{ at: NOW, ok: 90, bad: 6, warn: 4 }, { at: NOW + HOUR }],
    calls: 100,
    failed: 10,
  });
  expect(volumeOf(data, { failed: true })).toMatchObject({ points: [{ bad: 6, warn: 4 }, {}], calls: 10 });
  expect(volumeOf(data, { failedOver: true })).toMatchObject({ points: [{ ok: 8, bad: 2 }, {}], calls: 10, failed: 2 });
});

test('zooming stays in the past and above two minutes', () => {
  expect(zoomIn({ from: 0, to: 8 * HOUR })).toEqual({ from: 2 * HOUR, to: 6 * HOUR });
  expect(zoomIn({ from: 0, to: 60_000 })).toEqual({ from: 0, to: 60_000 });
  expect(zoomOut({ from: 2 * HOUR, to: 4 * HOUR }, 9 * HOUR)).toEqual({ from: HOUR, to: 5 * HOUR });
  expect(zoomOut({ from: 2 * HOUR, to: 4 * HOUR }, 4 * HOUR)).toEqual({ from: 0, to: 4 * HOUR });
  expect(shift({ from: 2 * HOUR, to: 4 * HOUR }, -1, 9 * HOUR)).toEqual({ from: HOUR, to: 3 * HOUR });
  expect(shift({ from: 2 * HOUR, to: 4 * HOUR }, 1, 4.5 * HOUR)).toEqual({ from: 2.5 * HOUR, to: 4.5 * HOUR });
});

test('limits are two digits of what is usual, and round numbers without calls', () => {
  const total = create(UsageTotalsSchema, { calls: 3n, cost: '0.01', duration: { p95: { nanos: 123_456_789 } } });
  expect(limitsOf(total)).toEqual({ slowMs: 120, cost: 0.017 });
  expect(limitsOf(undefined)).toEqual({ slowMs: 10_000, cost: 0.1 });
});

test('gaps stand above the first call that is older; one beyond the last call waits for the end', () => {
  const calls = [30, 10].map((s) => create(CallSchema, { id: `c${s}`, startTime: timestampFromMs(s * 1000) }));
  const gaps = [5, 20].map((s) => create(GapSchema, { id: `g${s}`, endTime: timestampFromMs(s * 1000) }));
  const ids = (isComplete: boolean) =>
    withGaps(calls, gaps, isComplete).map((row) => (row.kind === 'call' ? row.call.id : row.gap.id));
  expect(ids(false)).toEqual(['c30', 'g20', 'c10']);
  expect(ids(true)).toEqual(['c30', 'g20', 'c10', 'g5']);
});

test('speed counts from the first token of a stream; without tokens there is none', () => {
  const streamed = create(CallSchema, {
    stream: true,
    duration: { seconds: 3n },
    firstTokenLatency: { seconds: 1n },
    usage: { inputTokens: 200n, cachedInputTokens: 50n, outputTokens: 100n },
  });
  expect(tokensPerSecond(streamed)).toBe(50);
  expect(cachedShare(streamed)).toBe(0.25);
  expect(tokensPerSecond(create(CallSchema, { duration: { seconds: 3n } }))).toBeUndefined();
  expect(cachedShare(create(CallSchema))).toBeUndefined();
});

test('a curl takes the body that was sent, quotes and all, else one that its endpoint takes', () => {
  const call = create(CallSchema, { endpoint: '/v1/embeddings', model: 'emb' });
  expect(callCurl('http://x', call)).toContain('"input": "Hello"');
  expect(callCurl('http://x', call, `{"a":"it's"}`)).toContain(`-d '{"a":"it'\\''s"}'`);
});

test('the stream is followed again after it broke, until one leaves', async () => {
  const stop = new AbortController();
  const states: TailState[] = [];
  let arrived: Arrived = NOTHING;
  let tries = 0;
  const client = {
    tailCalls: async function* (_: unknown, options?: { onHeader?: (headers: Headers) => void }) {
      if (++tries === 1) throw new Error('cut');
      options?.onHeader?.(new Headers());
      yield create(TailCallsResponseSchema, { call: { id: 'a' } });
      yield create(TailCallsResponseSchema, { skipped: 4n });
      stop.abort();
    },
  };
  await follow(client, {}, stop.signal, {
    onState: (state) => states.push(state),
    onNews: (add) => {
      arrived = add(arrived);
    },
  });
  expect(states).toEqual(['connecting', 'failed', 'connecting', 'live']);
  expect(arrived).toEqual({ ids: new Set(['a']), skipped: 4 });
  const full = { ids: new Set(Array.from({ length: 1000 }, (_, i) => String(i))), skipped: 0 };
  expect(withNews(full, 'more', 0)).toEqual({ ids: full.ids, skipped: 1 });
});
