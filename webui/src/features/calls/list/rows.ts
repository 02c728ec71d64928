import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Call } from '@/gen/trunkline/admin/v1/call_pb';
import type { Gap } from '@/gen/trunkline/admin/v1/gap_pb';

/** A line of the list: a call, or calls of which there is no record. */
export type Row = { kind: 'call'; call: Call } | { kind: 'gap'; gap: Gap };

export const rowKey = (row: Row) => (row.kind === 'call' ? row.call.id : `gap ${row.gap.id}`);

/**
 * Puts gaps where they are: above the first call that is older than their end. Those beyond the last loaded call
 * wait for it, unless the list is complete.
 */
export function withGaps(calls: readonly Call[], gaps: readonly Gap[], isComplete: boolean): Row[] {
  const rows: Row[] = [];
  const left = [...gaps].sort((a, b) => end(b) - end(a));
  for (const call of calls) {
    const at = call.startTime ? timestampMs(call.startTime) : 0;
    while (left[0] && end(left[0]) >= at) rows.push({ kind: 'gap', gap: left.shift() as Gap });
    rows.push({ kind: 'call', call });
  }
  if (isComplete) rows.push(...left.map((gap): Row => ({ kind: 'gap', gap })));
  return rows;
}

const end = (gap: Gap) => (gap.endTime ? timestampMs(gap.endTime) : 0);
