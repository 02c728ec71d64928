import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import type { CallSearch } from '@/api/callFilter';
import { type Range, rangeOf, spanOf } from '@/ui/range';
import type { CallsSearch } from './search';

export const route = getRouteApi('/signed-in/calls');

/** What the page shows, worked out of its address. */
export type View = {
  /** Which calls, apart from their time. */
  which: CallSearch;
  /** Which calls, with their time, as the list asks for them. */
  filter: CallSearch;
  range: Range;
  span: { from: number; to: number };
  /** Calls that come in belong to the list: its end is not fixed. */
  isOpen: boolean;
  /** Anything but the time was chosen. */
  isFiltered: boolean;
};

export function viewOf({ call: _, range: name, from, to, id, ...which }: CallsSearch, now: number): View {
  const range = rangeOf({ range: name, from, to });
  const span = spanOf(range, now);
  const isOpen = id === undefined && 'name' in range;
  return {
    which,
    filter: id === undefined ? { ...which, from: span.from, to: isOpen ? undefined : span.to } : { id },
    range,
    span,
    isOpen,
    isFiltered: id !== undefined || Object.keys(which).length > 0,
  };
}

/** The view, as of when it was chosen: a range that ends now moves on with renew() only, so that rows stay where they are. */
export function useView() {
  const { call, ...chosen } = route.useSearch();
  const [epoch, setEpoch] = useState(0);
  const key = JSON.stringify([chosen, epoch]);
  // The key says all that the view depends on, but for the time of day, which is that of the choice.
  const view = useMemo(() => viewOf(chosen, Date.now()), [key]);
  const renew = useCallback(() => setEpoch((n) => n + 1), []);
  return { view, viewKey: key, call, renew };
}
