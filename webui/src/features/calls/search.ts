import { rangeSearch } from '@/ui/range';
import { flag, type Search, texts } from '@/ui/search';

/**
 * What the call logs' address holds; other pages lead here with it. from and to are ms since 1970, minMs is in ms,
 * minCost in USD; id finds one call whatever the rest says, call is the one whose panel is open.
 */
export const callsSearch = (s: Search) => ({
  ...rangeSearch(s),
  ...texts(
    s,
    'id',
    'group',
    'provider',
    'model',
    'key',
    'node',
    'outcome',
    'attemptOutcome',
    'clientRequestId',
    'traceId',
    'user',
    'metadata',
    'call',
  ),
  ...whole(s, 'status', 599),
  ...whole(s, 'minMs', 86_400_000),
  ...dollars(s),
  ...(s.stream === true || s.stream === false ? { stream: s.stream } : {}),
  ...flag(s, 'failed'),
  ...flag(s, 'failedOver'),
});

export type CallsSearch = ReturnType<typeof callsSearch>;

/** A whole number from 1 up; anything else counts as absent. */
function whole<K extends string>(search: Search, name: K, most: number) {
  const value = Number(search[name]);
  return (Number.isSafeInteger(value) && value >= 1 && value <= most ? { [name]: value } : {}) as { [P in K]?: number };
}

function dollars({ minCost }: Search): { minCost?: number } {
  const value = Number(minCost);
  return value > 0 && value < 1e9 ? { minCost: value } : {};
}
