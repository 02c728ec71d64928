import { useEffect, useState } from 'react';
import { useConflict } from './useConflict';

/** The part of a form (of @mantine/form) that takes over what is stored. */
type Form<D> = {
  values: D;
  setInitialValues: (values: D) => void;
  setValues: (values: D) => void;
  clearErrors: () => void;
};

/** A document that is being edited, and C, what differs: what <EditBar> saves, discards, and shows beside what others made of it. */
export type Edit<T, C> = {
  /** What the edit was begun on. */
  base: T;
  /** What differs from it; nothing while nobody has typed. */
  changes: readonly C[];
  /** What someone else made of it meanwhile, once saving was refused because of it. */
  theirs: { document: T; changes: readonly C[] } | undefined;
  /** Saving was refused because someone else was faster: theirs is read; for useAction's onConflict. */
  found: () => void;
  /** Forgets about theirs: what is typed is saved over it. */
  settled: () => void;
  /** Begins anew on another state of the document: what was just saved, or theirs. */
  take: (document: T) => void;
  /** Begins anew on what is stored. */
  discard: () => void;
};

/**
 * The one way to edit a document that others may change meanwhile. The form begins with what is stored and follows it while
 * nothing differs; after that, news of others is a conflict at saving instead of being written over what was typed.
 */
export function useEdit<T extends { etag: string }, D, C>({
  stored,
  form,
  draftOf,
  differences,
  read,
}: {
  stored: T;
  form: Form<D>;
  draftOf: (document: T) => D;
  /** In words, one a line, as ui/Changes shows them. */
  differences: (before: D, after: D) => readonly C[];
  /** What the server has now. */
  read: () => Promise<T | undefined>;
}): Edit<T, C> {
  const [base, setBase] = useState(stored);
  const { theirs, found, settled } = useConflict(read);
  const before = draftOf(base);
  const changes = differences(before, form.values);
  const take = (next: T) => {
    settled();
    setBase(next);
    form.setInitialValues(draftOf(next));
    form.setValues(draftOf(next));
    form.clearErrors();
  };
  // A list that was read before the last save is older than what was saved.
  const isNews = isNewer(stored, base);
  useEffect(() => {
    if (!isNews) return;
    if (changes.length === 0 || differences(draftOf(stored), form.values).length === 0) take(stored);
  });
  return {
    base,
    changes,
    theirs: theirs && { document: theirs, changes: differences(before, draftOf(theirs)) },
    found,
    settled,
    take,
    discard: () => take(isNews ? stored : base),
  };
}

/** An etag is the revision that the document was last changed at. */
const isNewer = (a: { etag: string }, b: { etag: string }) => Number(a.etag) > Number(b.etag);
