import type { Client } from '@connectrpc/connect';
import { type CallSearch, callFilter } from '@/api/callFilter';
import type { CallService } from '@/gen/trunkline/admin/v1/call_pb';

export type TailState = 'connecting' | 'live' | 'failed';

/** What came since the list was read. */
export type Arrived = {
  ids: ReadonlySet<string>;
  /** Calls that came too fast to be shown one by one. */
  skipped: number;
};
export const NOTHING: Arrived = { ids: new Set(), skipped: 0 };
/** Ids remembered; beyond it calls are only counted. */
const MOST = 1000;

/** Times between two tries, in milliseconds: the shortest, and the longest that doubling leads to. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15_000;

/** Follows the stream of calls until the signal, beginning again whenever it ends. */
export async function follow(
  client: Pick<Client<typeof CallService>, 'tailCalls'>,
  which: CallSearch,
  signal: AbortSignal,
  { onState, onNews }: { onState: (state: TailState) => void; onNews: (add: (before: Arrived) => Arrived) => void },
) {
  for (let wait = FIRST_WAIT; !signal.aborted; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    onState('connecting');
    try {
      const stream = client.tailCalls({ filter: callFilter(which) }, { signal, onHeader: () => onState('live') });
      for await (const { call, skipped } of stream) {
        wait = FIRST_WAIT;
        if (call || skipped > 0n) onNews((before) => withNews(before, call?.id, Number(skipped)));
      }
    } catch {
      // whatever ended it, the state says so and it is tried again
    }
    if (signal.aborted) return;
    onState('failed');
    await pause(wait, signal);
  }
}

export function withNews({ ids, skipped }: Arrived, id: string | undefined, more: number): Arrived {
  if (id === undefined) return { ids, skipped: skipped + more };
  if (ids.size >= MOST) return { ids, skipped: skipped + more + 1 };
  return { ids: new Set([...ids, id]), skipped: skipped + more };
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });
