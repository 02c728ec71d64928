import { useQuery } from '@connectrpc/connect-query';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { NodeService } from '@/gen/trunkline/admin/v1/node_pb';
import { CONFIG_KEY, LIVE } from './client';

/** Nodes with the health of their targets, live. */
export function useNodes() {
  return useQuery(NodeService.method.listNodes, {}, { refetchInterval: LIVE });
}

/** The nodes' report carries the configuration's revision: when it grows, what is shown of it is old. */
export function useRefreshOnNewRevision() {
  const client = useQueryClient();
  const revision = useNodes().data?.revision;
  useEffect(() => {
    if (revision !== undefined) void client.invalidateQueries({ queryKey: CONFIG_KEY });
  }, [client, revision]);
}
