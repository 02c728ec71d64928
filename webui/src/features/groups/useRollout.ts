import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useEffect, useRef, useState } from 'react';
import { NodeService } from '@/gen/trunkline/admin/v1/node_pb';

/** How a change comes to the nodes. */
export type Rollout = {
  group: string;
  /** Connected nodes that serve it, of how many. */
  live: number;
  nodes: number;
  /** Why a node refused it; empty when none did. */
  refused: string;
  /** Since it was sent; of no use before it is done. */
  ms: number;
  isDone: boolean;
};

const WHAT = { readMask: { paths: ['connected', 'applied_revision', 'error'] } };
const PAUSE = 150;
/** Nodes that have not followed by then may take long: the page's foot goes on to say so. */
const PATIENCE = 20_000;

/** Watches the nodes after a change until every connected one serves it. */
export function useRollout() {
  const transport = useTransport();
  const [rollout, setRollout] = useState<Rollout>();
  const watching = useRef<AbortController>(undefined);
  useEffect(() => () => watching.current?.abort(), []);

  const follow = async (group: string, etag: string, since: number) => {
    watching.current?.abort();
    watching.current = new AbortController();
    const { signal } = watching.current;
    const revision = BigInt(/^\d+$/.test(etag) ? etag : 0);
    while (!signal.aborted) {
      const { nodes } = await callUnaryMethod(transport, NodeService.method.listNodes, WHAT, { signal });
      const connected = nodes.filter((n) => n.connected);
      const live = connected.filter((n) => n.appliedRevision >= revision).length;
      const refused = connected.find((n) => n.appliedRevision < revision && n.error !== '')?.error ?? '';
      const ms = performance.now() - since;
      const isDone = live === connected.length;
      setRollout({ group, live, nodes: connected.length, refused, ms, isDone });
      if (isDone || ms > PATIENCE) return;
      await new Promise((over) => setTimeout(over, PAUSE));
    }
  };
  const sentAt = useRef(0);
  const watch = {
    /** Something is sent: what was told of the change before is over. */
    begin: () => {
      watching.current?.abort();
      sentAt.current = performance.now();
      setRollout(undefined);
    },
    /** It was saved; etag is its revision. */
    saved: (group: string, etag: string) => void follow(group, etag, sentAt.current).catch(() => undefined),
  };
  return { rollout, watch };
}
export type Watch = ReturnType<typeof useRollout>['watch'];
