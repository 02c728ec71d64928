import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { AuditFilterSchema } from '@/gen/trunkline/admin/v1/audit_pb';
import { type Range, rangeOf, searchOf, spanOf } from '@/ui/range';
import type { AuditSearch } from './search';

export const route = getRouteApi('/signed-in/audit');

export type AuditFilter = MessageInitShape<typeof AuditFilterSchema>;

/** The period when the address names none. */
const USUAL = '30d';

/** The filter as the control plane takes it. A named period ends now: its end stays open. */
export function filterOf({ event: _, range, from, to, ...which }: AuditSearch, now: number): AuditFilter {
  const period = rangeOf({ range, from, to }, USUAL);
  const span = spanOf(period, now);
  return {
    ...which,
    startTime: timestampFromMs(span.from),
    endTime: 'name' in period ? undefined : timestampFromMs(span.to),
  };
}

/** What the page shows, worked out of its address, and how to change it. */
export function useView() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { event, ...chosen } = search;
  const key = JSON.stringify(chosen);
  // The key says all that the filter depends on, but for the time of day, which is that of the choice.
  const filter = useMemo(() => filterOf(chosen, Date.now()), [key]);
  /** undefined takes a parameter out; the open event is closed. */
  const set = (change: Partial<AuditSearch>) =>
    void navigate({ search: (s) => ({ ...s, ...change, event: undefined }), replace: true, resetScroll: false });
  return {
    search,
    filter,
    range: rangeOf(search, USUAL),
    isFiltered: [search.actor, search.action, search.target, search.outcome].some((v) => v !== undefined),
    set,
    setRange: (range: Range) => set(searchOf(range, USUAL)),
    /** Keeps the time only. */
    clear: () => set({ actor: undefined, action: undefined, target: undefined, outcome: undefined }),
    event,
    open: (sequence: number | undefined) =>
      void navigate({ search: (s) => ({ ...s, event: sequence }), replace: true, resetScroll: false }),
  };
}

export type View = ReturnType<typeof useView>;
