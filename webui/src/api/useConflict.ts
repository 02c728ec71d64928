import { useState } from 'react';

/**
 * What to do when someone else changed the same document first: theirs is read, so that both can be
 * shown, and then either theirs is taken or one's own is saved over it.
 *
 *   const conflict = useConflict(() => readGroup(name));
 *   const save = useAction(GroupService.method.updateGroup, { onConflict: conflict.found });
 *   <SaveBar conflict={conflict.theirs && { changes: ..., onReload: ..., onOverwrite: ... }} />
 */
export function useConflict<T>(read: () => Promise<T | undefined>) {
  const [theirs, setTheirs] = useState<T | undefined>(undefined);
  return {
    /** What the server has now; undefined when there is no conflict. */
    theirs,
    found: () => void read().then(setTheirs, () => undefined),
    settled: () => setTheirs(undefined),
  };
}
