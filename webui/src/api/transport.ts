import { Code, ConnectError, type Interceptor, type Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { BASE } from './base';
import { type IdentityGate, proveIdentity } from './identity';
import { reasonOf } from './violations';

/**
 * Reads go out as GET, which the server lets other sites neither read nor abuse; nothing
 * secret is in a read's request. No answer is kept: the console shows what is, not what was.
 */
export function createTransport(onSignedOut: () => void, gate: IdentityGate): Transport {
  return createConnectTransport({
    baseUrl: BASE,
    useHttpGet: true,
    interceptors: [watchSession(onSignedOut), proveIdentity(gate)],
    fetch: (input, init) => fetch(input, { ...init, cache: 'no-store' }),
  });
}

/** Tells when the session has ended. A refused sign-in is no ended session, and neither is a wrong code. */
export function watchSession(onSignedOut: () => void): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      const refused = ConnectError.from(error).code === Code.Unauthenticated;
      if (refused && reasonOf(error) === '' && request.method !== SessionService.method.login) onSignedOut();
      throw error;
    }
  };
}
