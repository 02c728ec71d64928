import { useEffect, useRef, useState } from 'react';
import { useConflict } from './useConflict';

/** The part of a form (of @mantine/form) that takes over what is stored. */
type Form<D> = {
  isDirty: () => boolean;
  setInitialValues: (values: D) => void;
  setValues: (values: D) => void;
  clearErrors: () => void;
};

/**
 * A form over a document that others may change meanwhile. It begins with what was stored and follows it while nobody
 * has typed; after that, news of others is a conflict at saving instead of being written over what was typed.
 */
export function useEdit<T extends { etag: string }, D>({
  stored,
  form,
  draftOf,
  read,
}: {
  stored: T;
  form: Form<D>;
  draftOf: (document: T) => D;
  /** What the server has now. */
  read: () => Promise<T | undefined>;
}) {
  const [base, setBase] = useState(stored);
  const conflict = useConflict(read);
  const take = (next: T) => {
    conflict.settled();
    setBase(next);
    form.setInitialValues(draftOf(next));
    form.setValues(draftOf(next));
    form.clearErrors();
  };
  const seen = useRef(stored.etag);
  useEffect(() => {
    if (seen.current === stored.etag) return;
    seen.current = stored.etag;
    if (stored.etag !== base.etag && !form.isDirty()) take(stored);
  });
  return { base, conflict, take };
}
