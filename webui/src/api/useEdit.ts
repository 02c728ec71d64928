import { useEffect, useRef, useState } from 'react';
import { keepTyped } from './keepTyped';
import { useConflict } from './useConflict';

/** The part of a form (of @mantine/form) that takes over what is stored. */
type Form<D> = {
  values: D;
  /** The values of now, also in what was begun at an earlier render. */
  getValues: () => D;
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
  /** Starts again from another state of the document. */
  take: (document: T) => void;
  /** Starts again from what is stored. */
  discard: () => void;
  /** What is typed is being saved. */
  saving: () => void;
  /** It is saved: the edit goes on from there with what was typed since. Reports whether anything was. */
  saved: (document: T) => boolean;
};

export type EditOptions<T extends { etag: string }, D, C, F = unknown> = {
  stored: T;
  form: Form<D> & F;
  draftOf: (document: T) => D;
  /** In words, one a line, as ui/Changes shows them. */
  differences: (before: D, after: D) => readonly C[];
  /** What the server has now. */
  read: () => Promise<T | undefined>;
  /** What was saved, with what was typed since it was sent; keepTyped unless the draft is of another kind. */
  merge?: (sent: D, typed: D, saved: D) => D;
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
  merge = keepTyped,
}: EditOptions<T, D, C>): Edit<T, C> {
  const [base, setBase] = useState(stored);
  const { theirs, found, settled } = useConflict(read);
  const before = draftOf(base);
  const changes = differences(before, form.values);
  const sent = useRef(form.values);
  const begin = (next: T, values: D) => {
    settled();
    setBase(next);
    form.setInitialValues(draftOf(next));
    form.setValues(values);
    form.clearErrors();
  };
  const take = (next: T) => begin(next, draftOf(next));
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
    saving: () => {
      sent.current = form.getValues();
    },
    saved: (next) => {
      const values = merge(sent.current, form.getValues(), draftOf(next));
      begin(next, values);
      return differences(draftOf(next), values).length > 0;
    },
  };
}

/** An etag is the revision that the document was last changed at. */
const isNewer = (a: { etag: string }, b: { etag: string }) => Number(a.etag) > Number(b.etag);
