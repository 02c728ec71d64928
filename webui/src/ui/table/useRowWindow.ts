import { useMediaQuery } from '@mantine/hooks';
import { useVirtualizer, useWindowVirtualizer, type VirtualItem } from '@tanstack/react-virtual';
import { type RefObject, useLayoutEffect, useState } from 'react';

/** A list shorter than this is drawn whole: the browser's own search finds everything in it. A full page has more. */
export const VIRTUAL_FROM = 80;
/** Cards are many times as tall as rows. */
const CARDS_FROM = 30;
/** As dataTable.module.css: below it rows are cards, and they scroll with the page. */
const NARROW = '(max-width: 61.99em)';
/** Height of a card in px as it is guessed before it is drawn. */
const CARD = 260;
const OVERSCAN = { rows: 12, cards: 4 };

/** The rows in sight, and the room that the others take before and after them. */
export function useRowWindow<T>({
  rows,
  scroller,
  rowHeight,
}: {
  rows: readonly T[];
  scroller: RefObject<HTMLElement | null>;
  rowHeight: number;
}) {
  const isNarrow = useMediaQuery(NARROW, undefined, { getInitialValueInEffect: false });
  const isOn = rows.length >= (isNarrow ? CARDS_FROM : VIRTUAL_FROM);
  const inBox = useVirtualizer({
    count: rows.length,
    enabled: isOn && !isNarrow,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN.rows,
    initialRect: { width: 1000, height: 800 },
  });
  const top = useTop(scroller, isOn && isNarrow);
  const inPage = useWindowVirtualizer({
    count: rows.length,
    enabled: isOn && isNarrow,
    estimateSize: () => CARD,
    overscan: OVERSCAN.cards,
    scrollMargin: top,
    initialRect: { width: 390, height: 800 },
  });
  if (!isOn) {
    return { items: rows.map((row, index) => ({ row, index })), before: 0, after: 0, measure: undefined, isOn };
  }
  const virtual = isNarrow ? inPage : inBox;
  const above = isNarrow ? top : 0;
  const visible = virtual.getVirtualItems();
  const last = visible.at(-1);
  return {
    items: visible.flatMap(({ index }: VirtualItem) => {
      const row = rows[index];
      return row === undefined ? [] : [{ row, index }];
    }),
    before: Math.max(0, (visible[0]?.start ?? above) - above),
    after: last ? Math.max(0, virtual.getTotalSize() + above - last.end) : 0,
    measure: virtual.measureElement,
    isOn,
  };
}

/** How far from the page's top the list begins; what stands before it may still grow. */
function useTop(list: RefObject<HTMLElement | null>, isWanted: boolean): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    if (!isWanted) return;
    const look = () => {
      const box = list.current?.getBoundingClientRect();
      if (box) setTop(Math.round(box.top + window.scrollY));
    };
    look();
    const watched = new ResizeObserver(look);
    watched.observe(document.body);
    return () => watched.disconnect();
  }, [list, isWanted]);
  return top;
}
