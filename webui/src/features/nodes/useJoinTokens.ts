import { Code, ConnectError } from '@connectrpc/connect';
import { useQuery } from '@connectrpc/connect-query';
import { NodeService } from '@/gen/trunkline/admin/v1/node_pb';

/**
 * The tokens with which nodes may join. In the all-in-one none may, which the control plane says by
 * refusing the question; undefined while that is not known.
 */
export function useJoinTokens() {
  const query = useQuery(NodeService.method.listJoinTokens, {}, { refetchInterval: 10_000, retry: false });
  const refused = query.error !== null && ConnectError.from(query.error).code === Code.FailedPrecondition;
  const joinable = refused ? false : query.data ? true : undefined;
  return { query, list: query.data?.joinTokens, joinable };
}
