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

const PAUSE = 150;
/** Nodes that have not followed by then may take long: the page's foot goes on to say so. */
const PATIENCE = 20_000;

/** Watches the nodes after a change until every connected one serves it. */
export function useRollout() {
  const transport = useTransport();
  const [rollout, setRollout] = useState<Rollout>();
  const watching = useRef<AbortController>(undefined);
  useEffect(() => () => watching.current?.abort(), []);

  /** etag is the revision of what was saved; since is when it was sent. */
  const watch = async (group: string, etag: string, since: number) => {
    watching.current?.abort();
    watching.current = new AbortController();
    const { signal } = watching.current;
    const revision = BigInt(/^\d+$/.test(etag) ? etag : 0);
    while (!signal.aborted) {
      const { nodes } = await callUnaryMethod(transport, NodeService.method.listNodes, {}, { signal });
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
  return {
    rollout,
    watch: (group: string, etag: string, since: number) => void watch(group, etag, since).catch(() => undefined),
  };
}
export type Watch = ReturnType<typeof useRollout>['watch'];
