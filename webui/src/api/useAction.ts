import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { ConnectError } from '@connectrpc/connect';
import { useMutation } from '@connectrpc/connect-query';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import { isConflict, problemOf } from './errors';
import { notifyDone, notifyFailed } from './notify';
import { useMay } from './role';
import { splitViolations, violationsOf } from './violations';

/** The part of a form (of @mantine/form) that refusals land in. */
export type ErrorTarget = {
  setErrors: (errors: Record<string, string>) => void;
  getInputNode: (path: string) => { focus: () => void } | null;
};

type Options<O extends DescMessage> = {
  /** What to say when it is done; nothing when the page itself shows it. */
  done?: (result: MessageShape<O>) => string;
  onDone?: (result: MessageShape<O>) => void | Promise<void>;
  /** Field violations land here, at their fields; name is the document's. */
  form?: { target: ErrorTarget; name: string };
  /** Someone else changed it first: see useConflict. */
  onConflict?: () => void;
  /** The caller shows the error, so no notification does. */
  quiet?: boolean;
};

/**
 * A change of something on the server. When it is done, everything on the page is read again:
 * one change may show in many places, and what is not on the page is old anyway. When it is
 * refused, each violation stands at its field; what has no field is the error that is left.
 */
export function useAction<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  { done, onDone, form, onConflict, quiet }: Options<O> = {},
) {
  const { t } = useI18n();
  const client = useQueryClient();
  const may = useMay();
  const [landed, setLanded] = useState(false);
  const mutation = useMutation(method, {
    onMutate: () => setLanded(false),
    onSuccess: async (result) => {
      void client.invalidateQueries();
      await onDone?.(result);
      const said = done?.(result);
      if (said) notifyDone(said);
    },
    onError: (error) => {
      if (onConflict && isConflict(error)) onConflict();
      else if (form) setLanded(showAtFields(form, error));
      else if (!quiet) {
        const problem = problemOf(error);
        notifyFailed(t(problem.message), problem.detail);
      }
    },
  });
  return {
    /** Whether the signed-in person may do it; if not, nothing that leads to it is shown. */
    allowed: may(method),
    run: (input: MessageInitShape<I>) => mutation.mutate(input),
    /** The same to wait for; a failure is thrown as well as shown. */
    runAsync: (input: MessageInitShape<I>) => mutation.mutateAsync(input),
    busy: mutation.isPending,
    result: mutation.data,
    error: mutation.error,
    /** The error, unless all of it stands at fields; for <FormError>. */
    leftError: landed ? null : mutation.error,
    reset: mutation.reset,
  };
}

/** Puts violations to their fields, and tells whether each of them has one that can be seen. */
function showAtFields({ target, name }: { target: ErrorTarget; name: string }, error: ConnectError): boolean {
  const { own, rest } = splitViolations(violationsOf(error), name);
  target.setErrors(own);
  const nodes = Object.keys(own).map((path) => target.getInputNode(path));
  nodes.find((node) => node !== null)?.focus();
  return rest.length === 0 && nodes.length > 0 && nodes.every((node) => node !== null);
}
