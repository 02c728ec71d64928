import { lazy, Suspense, useSyncExternalStore } from 'react';
import type { IdentityGate } from '@/api/identity';

// Asked for by a call that is refused, so not in the first load.
const IdentityDialog = lazy(() => import('./IdentityDialog').then((m) => ({ default: m.IdentityDialog })));

/** Opens the dialog that asks who one is while a call waits for it. */
export function ConfirmIdentity({ gate }: { gate: IdentityGate }) {
  const opened = useSyncExternalStore(gate.subscribe, gate.isOpen);
  return <Suspense>{opened && <IdentityDialog gate={gate} />}</Suspense>;
}
