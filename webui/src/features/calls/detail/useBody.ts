import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useQuery } from '@tanstack/react-query';
import { isMissing } from '@/api/errors';
import { CallService } from '@/gen/trunkline/admin/v1/call_pb';

/** What a call's client sent and was answered, once someone asks: each look is noted, so it is never read twice. */
export function useBody(id: string, isAsked: boolean) {
  const transport = useTransport();
  return useQuery({
    queryKey: ['call body', id],
    enabled: isAsked,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
    queryFn: async ({ signal }) => {
      try {
        const { body, reads } = await callUnaryMethod(transport, CallService.method.getCallBody, { id }, { signal });
        return { body, reads };
      } catch (error) {
        if (isMissing(error)) return { body: undefined, reads: [] };
        throw error;
      }
    },
  });
}
