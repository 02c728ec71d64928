import { useMutation } from '@connectrpc/connect-query';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { forgetSession } from '@/api/session';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';

/** Ends the session and goes to the sign-in page. */
export function useSignOut() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const signOut = useMutation(SessionService.method.logout, {
    // Whatever the server says, this browser forgets what it saw.
    onSettled: async () => {
      await navigate({ to: '/login' });
      forgetSession(client);
    },
  });
  return () => signOut.mutate({});
}
