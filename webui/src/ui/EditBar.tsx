import type { Edit } from '@/api/useEdit';
import type { Change } from './Changes';
import { SaveBar } from './SaveBar';

/** The save bar of a document that others may change meanwhile: what api/useEdit and api/useAction tell, in one place. */
export function EditBar<T>({
  edit,
  update,
  onSave,
}: {
  edit: Edit<T, Change>;
  update: { busy: boolean; leftError?: unknown; reset: () => void };
  /** Saves what is typed over this state of the document: the one it was begun on, or what someone else made of it. */
  onSave: (on: T) => void;
}) {
  const { theirs } = edit;
  return (
    <SaveBar
      changes={edit.changes}
      onSave={() => onSave(edit.base)}
      onDiscard={() => {
        update.reset();
        edit.discard();
      }}
      busy={update.busy}
      error={update.leftError}
      conflict={
        theirs && {
          changes: theirs.changes,
          onReload: () => {
            update.reset();
            edit.take(theirs.document);
          },
          onOverwrite: () => {
            edit.settled();
            onSave(theirs.document);
          },
        }
      }
    />
  );
}
