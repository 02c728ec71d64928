import type { Transport } from '@connectrpc/connect';
import { type ConnectQueryKey, createQueryOptions, useQuery } from '@connectrpc/connect-query';
import type { QueryClient } from '@tanstack/react-query';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { BASE } from './base';

export const whoAmI = (transport: Transport) => createQueryOptions(SessionService.method.whoAmI, {}, { transport });

/**
 * Forgets what a session saw. How one may sign in is anybody's: the sign-in page has asked for it by then, and would
 * never hear the answer.
 */
export function forgetSession(client: QueryClient) {
  const kept = SessionService.method.getSignInMethods.name;
  client.removeQueries({ predicate: ({ queryKey }) => (queryKey as Partial<ConnectQueryKey>)[1]?.methodName !== kept });
  client.getMutationCache().clear();
}

export function useWhoAmI() {
  return useQuery(SessionService.method.whoAmI, {}, { staleTime: 60_000 });
}

/** Where clients send their calls, without /v1: what the control plane was told, else where the console is. */
export function useGateway(): string {
  const told = useWhoAmI().data?.gatewayUrl;
  return (told || window.location.origin + BASE).replace(/\/(v1\/?)?$/, '');
}
