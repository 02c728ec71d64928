import { createClient } from '@connectrpc/connect';
import { useTransport } from '@connectrpc/connect-query';
import { useDocumentVisibility } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import type { CallSearch } from '@/api/callFilter';
import { CallService } from '@/gen/trunkline/admin/v1/call_pb';
import { type Arrived, follow, NOTHING, type TailState } from './follow';

/** Calls that were stored since the list was read, while isOn; a hidden tab follows nothing, as readers are few. */
export function useTail(which: CallSearch, viewKey: string, isOn: boolean): { state: TailState; arrived: Arrived } {
  const transport = useTransport();
  const isSeen = useDocumentVisibility() === 'visible';
  const [state, setState] = useState<TailState>('connecting');
  const [arrived, setArrived] = useState<{ of: string; what: Arrived }>({ of: viewKey, what: NOTHING });
  const key = JSON.stringify(which);
  const present = useRef(viewKey);
  useEffect(() => {
    present.current = viewKey; // reading the list again does not break the stream, or calls between the two are lost
  }, [viewKey]);
  useEffect(() => {
    if (!isOn || !isSeen) return;
    const stop = new AbortController();
    void follow(createClient(CallService, transport), JSON.parse(key) as CallSearch, stop.signal, {
      onState: setState,
      onNews: (add) =>
        setArrived(({ of, what }) => ({ of: present.current, what: add(of === present.current ? what : NOTHING) })),
    });
    return () => stop.abort();
  }, [transport, key, isOn, isSeen]);
  return { state, arrived: arrived.of === viewKey ? arrived.what : NOTHING };
}
