import type { MessageInitShape } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { useTransport } from '@connectrpc/connect-query';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import {
  type ImportModelsRequestSchema,
  type ImportModelsResponse,
  ImportStage,
} from '@/gen/trunkline/admin/v1/import_pb';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';

type Told = { stage: ImportStage; listed: number; done?: ImportModelsResponse; error: unknown };

/** Runs an import of one provider and tells how far it is. Until it writes, leaving changes nothing. */
export function useImport(input: () => MessageInitShape<typeof ImportModelsRequestSchema>, onDone: () => void) {
  const transport = useTransport();
  const client = useQueryClient();
  const [told, setTold] = useState<Told>({ stage: ImportStage.READING, listed: 0, error: null });
  const running = useRef<AbortController | null>(null);
  const start = useRef(async () => {
    const abort = new AbortController();
    running.current = abort;
    try {
      const steps = createClient(ProviderService, transport).importModels(input(), { signal: abort.signal });
      for await (const step of steps) {
        if (abort.signal.aborted) return;
        setTold((now) => ({
          ...now,
          stage: step.stage,
          listed: step.counts?.listed || now.listed,
          ...(step.stage === ImportStage.DONE && { done: step }),
        }));
        if (step.stage === ImportStage.DONE) onDone();
      }
    } catch (error) {
      if (!abort.signal.aborted) setTold((now) => ({ ...now, stage: ImportStage.FAILED, error }));
    } finally {
      void client.invalidateQueries();
    }
  });
  useEffect(() => {
    void start.current();
    return () => running.current?.abort();
  }, []);
  return { ...told, cancel: () => running.current?.abort() };
}
