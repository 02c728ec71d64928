import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { CallService } from '@/gen/trunkline/admin/v1/call_pb';

/** A node ships its calls about once a second: how often to look, and for how long, in milliseconds. */
const EVERY = 700;
const PATIENCE = 30_000;

/** A call that has just ended, as soon as the control plane has it. */
export function useStoredCall(id: string) {
  const transport = useTransport();
  const [since, setSince] = useState(() => Date.now());
  const query = useQuery({
    queryKey: ['stored call', id],
    // A list is empty until the call is there; asked for by itself it would be an error in the browser's console each time.
    queryFn: async ({ signal }) => {
      const input = { filter: { id }, pageSize: 1, withAttempts: true };
      const { calls } = await callUnaryMethod(transport, CallService.method.listCalls, input, { signal });
      return calls[0] ?? null;
    },
    refetchInterval: ({ state }) =>
      state.data || state.error || state.dataUpdatedAt - since > PATIENCE ? false : EVERY,
  });
  return {
    call: query.data ?? undefined,
    error: query.error,
    /** It should have been there by now. */
    late: query.dataUpdatedAt - since > PATIENCE,
    retry: () => {
      setSince(Date.now());
      void query.refetch();
    },
  };
}
