import type { Transport } from '@connectrpc/connect';
import { createQueryOptions, useQuery } from '@connectrpc/connect-query';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { BASE } from './base';

export const whoAmI = (transport: Transport) => createQueryOptions(SessionService.method.whoAmI, {}, { transport });

export function useWhoAmI() {
  return useQuery(SessionService.method.whoAmI, {}, { staleTime: 60_000 });
}

/** Where clients send their calls, without /v1: what the control plane was told, else where the console is. */
export function useGateway(): string {
  const told = useWhoAmI().data?.gatewayUrl;
  return (told || window.location.origin + BASE).replace(/\/(v1\/?)?$/, '');
}
