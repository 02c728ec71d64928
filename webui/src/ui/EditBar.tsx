import type { Change } from './Changes';
import { SaveBar } from './SaveBar';

/** The save bar of a document that others may change meanwhile: what api/useEdit and api/useAction tell, in one place. */
export function EditBar<T, D>({
  edit: { base, conflict, take },
  update,
  draftOf,
  differences,
  draft,
  onSave,
  onOverwrite,
}: {
  edit: { base: T; conflict: { theirs?: T }; take: (document: T) => void };
  update: { busy: boolean; leftError?: unknown; reset: () => void };
  draftOf: (document: T) => D;
  differences: (before: D, after: D) => Change[];
  /** What stands in the form. */
  draft: D;
  onSave: () => void;
  /** Saves it over what someone else made of the document. */
  onOverwrite: (theirs: T) => void;
}) {
  const { theirs } = conflict;
  return (
    <SaveBar
      changes={differences(draftOf(base), draft)}
      onSave={onSave}
      onDiscard={() => take(base)}
      busy={update.busy}
      error={update.leftError}
      conflict={
        theirs && {
          changes: differences(draftOf(base), draftOf(theirs)),
          onReload: () => {
            update.reset();
            take(theirs);
          },
          onOverwrite: () => onOverwrite(theirs),
        }
      }
    />
  );
}
