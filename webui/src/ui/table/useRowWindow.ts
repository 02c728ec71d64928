import { useVirtualizer } from '@tanstack/react-virtual';
import type { RefObject } from 'react';

/** A list shorter than this is drawn whole: the browser's own search finds everything in it. */
export const VIRTUAL_FROM = 120;

/** The rows in sight, and the room that the others take before and after them. */
export function useRowWindow<T>({
  rows,
  scroller,
  rowHeight,
  isOn,
}: {
  rows: readonly T[];
  scroller: RefObject<HTMLElement | null>;
  rowHeight: number;
  isOn: boolean;
}) {
  const virtual = useVirtualizer({
    count: rows.length,
    enabled: isOn,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    initialRect: { width: 1000, height: 800 },
  });
  if (!isOn) return { items: rows.map((row, index) => ({ row, index })), before: 0, after: 0, measure: undefined };
  const visible = virtual.getVirtualItems();
  const last = visible.at(-1);
  return {
    items: visible.flatMap(({ index }) => {
      const row = rows[index];
      return row === undefined ? [] : [{ row, index }];
    }),
    before: visible[0]?.start ?? 0,
    after: last ? virtual.getTotalSize() - last.end : 0,
    measure: virtual.measureElement,
  };
}
