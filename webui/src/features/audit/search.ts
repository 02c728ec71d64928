import { rangeSearch } from '@/ui/range';
import { type Search, texts } from '@/ui/search';

/** What the audit log's address holds: its filters, and event, the sequence of the one whose panel is open. */
export const auditSearch = (s: Search) => ({
  ...rangeSearch(s),
  ...texts(s, 'actor', 'action', 'target', 'outcome'),
  ...sequence(s),
});

export type AuditSearch = ReturnType<typeof auditSearch>;

function sequence({ event }: Search): { event?: number } {
  const value = Number(event);
  return Number.isSafeInteger(value) && value >= 1 ? { event: value } : {};
}
