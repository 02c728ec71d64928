import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Revision } from '@/gen/trunkline/admin/v1/revision_pb';
import { useI18n } from '@/i18n';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import c from './history.module.css';
import { changeKey, kindWord, operationWords } from './revision';

/** Changes named in a row; the panel shows all of them. */
const NAMED = 3;

/** Who changed what and when, a line a revision. */
export function RevisionTable({
  rows,
  query,
  current,
  more,
  empty,
}: {
  rows: Revision[] | undefined;
  query: { error: unknown; isFetching: boolean; refetch: () => unknown };
  current: bigint | undefined;
  more: { label: string; load: () => void; busy: boolean } | undefined;
  empty: ReactNode;
}) {
  const { t, int } = useI18n();
  const columns: Column<Revision>[] = [
    { id: 'revision', title: t('history.revision'), cell: (r) => <b className="num">{int(r.revision)}</b> },
    { id: 'time', title: t('history.when'), cell: (r) => r.commitTime && <RelativeTime at={r.commitTime} /> },
    { id: 'actor', title: t('history.who'), cell: (r) => r.actor },
    { id: 'changes', title: t('history.what'), phone: 'wide', cell: (r) => <Summary revision={r} /> },
  ];
  return (
    <DataTable
      label={t('nav.history')}
      columns={columns}
      rows={rows}
      rowKey={(r) => String(r.revision)}
      rowLink={(r, content, className) => (
        <Link to="/history" search={{ revision: String(r.revision) }} className={className}>
          {content}
        </Link>
      )}
      current={current === undefined ? undefined : String(current)}
      query={query}
      more={more}
      empty={empty}
    />
  );
}

function Summary({ revision }: { revision: Revision }) {
  const { t, int } = useI18n();
  const left = revision.changeCount - Math.min(revision.changes.length, NAMED);
  return (
    <span className={c.summary}>
      {revision.changes.slice(0, NAMED).map((change) => {
        const kind = kindWord(change.kind);
        return (
          <span key={changeKey(change)}>
            <small>{t(operationWords[change.operation])}</small> {kind ? t(kind) : change.kind}{' '}
            {change.name && <b>{change.name}</b>}
          </span>
        );
      })}
      {left > 0 && <small>{t('history.more', { n: int(left) })}</small>}
    </span>
  );
}
