import { Code, ConnectError, type Interceptor, type Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { BASE } from './base';

/**
 * Reads go out as GET, which the server lets other sites neither read nor abuse; nothing
 * secret is in a read's request. No answer is kept: the console shows what is, not what was.
 */
export function createTransport(onSignedOut: () => void): Transport {
  return createConnectTransport({
    baseUrl: BASE,
    useHttpGet: true,
    interceptors: [watchSession(onSignedOut)],
    fetch: (input, init) => fetch(input, { ...init, cache: 'no-store' }),
  });
}

/** Tells when the session has ended. A refused sign-in is no ended session. */
export function watchSession(onSignedOut: () => void): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      const refused = ConnectError.from(error).code === Code.Unauthenticated;
      if (refused && request.method !== SessionService.method.login) onSignedOut();
      throw error;
    }
  };
}
