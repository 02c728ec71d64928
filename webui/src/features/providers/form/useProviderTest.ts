import type { MessageInitShape } from '@bufbuild/protobuf';
import { ConnectError, createClient } from '@connectrpc/connect';
import { useTransport } from '@connectrpc/connect-query';
import { useEffect, useRef, useState } from 'react';
import { type ErrorTarget, showAtFields } from '@/api/useAction';
import {
  ProviderService,
  type TestProviderRequestSchema,
  type TestProviderResponse,
} from '@/gen/trunkline/admin/v1/provider_pb';

type Test = { steps: TestProviderResponse[]; busy: boolean; error: unknown };
const NOTHING: Test = { steps: [], busy: false, error: null };

/** Runs a test of a provider and tells its steps as they come. What is wrong with the values of a form stands at its fields. */
export function useProviderTest(form: { target: ErrorTarget; name: string }) {
  const transport = useTransport();
  const running = useRef<AbortController | null>(null);
  const [test, setTest] = useState<Test | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const run = async (input: MessageInitShape<typeof TestProviderRequestSchema>) => {
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    const tell = (change: (now: Test) => Test) => {
      if (!abort.signal.aborted) setTest((now) => change(now ?? NOTHING));
    };
    setTest({ ...NOTHING, busy: true });
    try {
      const client = createClient(ProviderService, transport);
      for await (const step of client.testProvider(input, { signal: abort.signal })) {
        tell((now) => ({ ...now, steps: [...now.steps, step] }));
      }
      tell((now) => ({ ...now, busy: false }));
    } catch (error) {
      if (abort.signal.aborted) return;
      const shown = showAtFields(form, ConnectError.from(error));
      tell((now) => ({ ...now, busy: false, error: shown.isAll ? null : error }));
      shown.first?.focus();
    }
  };
  const cancel = () => {
    running.current?.abort();
    setTest((now) => now && { ...now, busy: false });
  };
  return { test, run, cancel };
}
