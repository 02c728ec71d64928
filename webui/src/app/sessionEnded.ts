import type { Transport } from '@connectrpc/connect';
import type { QueryClient } from '@tanstack/react-query';
import { forgetSession, whoAmI } from '@/api/session';
import type { createAppRouter } from './routes';

/** Goes to the sign-in page. Whoever had no session is sent there by the router, and is told of none. */
export function sessionEnded({
  router,
  queryClient,
  transport,
}: {
  router: ReturnType<typeof createAppRouter>;
  queryClient: QueryClient;
  transport: Transport;
}) {
  const { pathname, href } = router.state.location;
  if (pathname === '/login' || !queryClient.getQueryData(whoAmI(transport).queryKey)) return;
  void router.navigate({ to: '/login', search: { next: href, ended: true } }).then(() => forgetSession(queryClient));
}
