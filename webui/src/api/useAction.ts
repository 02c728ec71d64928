import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { ConnectError } from '@connectrpc/connect';
import { useMutation } from '@connectrpc/connect-query';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useI18n } from '@/i18n';
import { isConflict, problemOf } from './errors';
import { notifyDone, notifyFailed } from './notify';
import { useMay } from './role';
import { splitViolations, violationsOf } from './violations';

/** The part of a form (of @mantine/form) that refusals land in. */
export type ErrorTarget = {
  setErrors: (errors: Record<string, string>) => void;
  getInputNode: (path: string) => HTMLElement | null;
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
  const [shown, setShown] = useState<Shown>();
  const mutation = useMutation(method, {
    onMutate: () => setShown(undefined),
    onSuccess: async (result) => {
      void client.invalidateQueries();
      await onDone?.(result);
      const said = done?.(result);
      if (said) notifyDone(said);
    },
    onError: (error) => {
      if (onConflict && isConflict(error)) onConflict();
      else if (form) setShown(showAtFields(form, error));
      else if (!quiet) {
        const problem = problemOf(error);
        notifyFailed(t(problem.message), problem.detail);
      }
    },
  });
  // A form that is being sent takes no focus.
  useEffect(() => {
    if (!mutation.isPending) shown?.first?.focus();
  }, [shown, mutation.isPending]);
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
    leftError: shown?.isAll ? null : mutation.error,
    reset: mutation.reset,
  };
}

/** What of a refusal stands at fields: whether all of it does, and the first of these fields. */
type Shown = { isAll: boolean; first: HTMLElement | undefined };

/** Puts violations to their fields, where they can be seen. */
export function showAtFields({ target, name }: { target: ErrorTarget; name: string }, error: ConnectError): Shown {
  const { own, rest } = splitViolations(violationsOf(error), name);
  const places = Object.keys(own).map((path) => ({ path, at: placeOf(path, target) }));
  target.setErrors({
    ...Object.fromEntries(places.flatMap(({ path, at }) => (at === undefined ? [] : [[at, own[path] ?? '']]))),
    ...own,
  });
  const nodes = places.flatMap(({ at }) => (at === undefined ? [] : (target.getInputNode(at) ?? [])));
  for (const node of nodes) unfold(node);
  const isAll = rest.length === 0 && places.length > 0 && places.every(({ at }) => at !== undefined);
  return { isAll, first: nodes[0] };
}

/** The field that a path belongs to: its own, or the one that it lies in, as aliases.2 lies in aliases. */
function placeOf(path: string, target: ErrorTarget): string | undefined {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    if (target.getInputNode(at) !== null) return at;
  }
  return undefined;
}

/** Opens what a field is folded away in: nobody would see what is wrong with it. */
function unfold(node: HTMLElement) {
  for (let part = node.closest('details'); part; part = part.parentElement?.closest('details') ?? null)
    part.open = true;
}
