import { useQuery } from '@connectrpc/connect-query';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { NodeService } from '@/gen/trunkline/admin/v1/node_pb';
import { CONFIG_KEY, LIVE } from './client';

/** What lists show of a node: all but what grows with the configuration, so that a large fleet stays small. */
const SHOWN = [
  'name',
  'version',
  'connected',
  'applied_revision',
  'error',
  'last_seen_time',
  'in_flight',
  'calls_waiting',
  'calls_dropped',
  'redis',
  'redis_error',
  'replica',
  'revisions_behind',
  'behind_for',
  'uptime',
  'requests_per_second',
  'spool_bytes',
  'spool_trouble',
  'draining',
  'drain_ordered',
  'revoked',
  'refused_document_count',
  'lineage',
  'state',
];

/** The nodes as lists show them, live. */
export function useNodes() {
  return useQuery(NodeService.method.listNodes, { readMask: { paths: SHOWN } }, { refetchInterval: LIVE });
}

/** One node with the health of its targets, live; undefined: none is asked for. */
export function useNode(name: string | undefined) {
  return useQuery(
    NodeService.method.getNode,
    { name: name ?? '' },
    { enabled: name !== undefined, refetchInterval: LIVE },
  );
}

/** Hits of failure keywords on all nodes, live. */
export function useKeywordHits() {
  return useQuery(NodeService.method.listNodes, { readMask: { paths: ['keyword_hits'] } }, { refetchInterval: LIVE });
}

/** The nodes' report carries the configuration's revision: when it grows, what is shown of it is old. */
export function useRefreshOnNewRevision() {
  const client = useQueryClient();
  const revision = useNodes().data?.revision;
  useEffect(() => {
    if (revision !== undefined) void client.invalidateQueries({ queryKey: CONFIG_KEY });
  }, [client, revision]);
}
