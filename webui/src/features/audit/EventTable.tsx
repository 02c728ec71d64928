import { Button } from '@mantine/core';
import { FileClock } from 'lucide-react';
import type { AuditEvent } from '@/gen/trunkline/admin/v1/audit_pb';
import { useI18n } from '@/i18n';
import { EmptyState } from '@/ui/States';
import { ClockTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import c from './audit.module.css';
import { Export } from './Export';
import { Outcome } from './Outcome';
import { roleWord } from './roles';
import type { useEvents } from './useEvents';
import { route, type View } from './view';

/** Who did what, about what, and how it ended, a line an event. */
export function EventTable({
  view,
  list,
  events,
}: {
  view: View;
  list: ReturnType<typeof useEvents>;
  events: AuditEvent[] | undefined;
}) {
  const { t, int, count } = useI18n();
  const columns: Column<AuditEvent>[] = [
    { id: 'time', title: t('audit.time'), cell: (e) => e.eventTime && <ClockTime at={e.eventTime} /> },
    { id: 'actor', title: t('audit.actor'), cell: (e) => <Actor event={e} /> },
    {
      id: 'action',
      title: t('audit.action'),
      cell: (e) => (
        <span className={c.words}>
          <b translate="no">{e.action}</b>
          {e.count > 1n && <small className="num">× {int(e.count)}</small>}
        </span>
      ),
    },
    {
      id: 'target',
      title: t('audit.target'),
      phone: 'wide',
      cell: (e) => (e.targets.length > 0 ? <Targets targets={e.targets} /> : '–'),
    },
    { id: 'outcome', phone: 'corner', title: t('audit.outcome'), cell: (e) => <Outcome outcome={e.outcome} /> },
    { id: 'address', title: t('audit.address'), cell: (e) => <span className="mono">{e.address || '–'}</span> },
    {
      id: 'detail',
      title: t('audit.detail'),
      phone: 'wide',
      optional: true,
      cell: (e) => (e.detail ? <span lang="en">{e.detail}</span> : '–'),
    },
  ];
  return (
    <DataTable
      label={t('nav.audit')}
      columns={columns}
      rows={events}
      rowKey={(e) => String(e.sequence)}
      rowLink={(e, content, className) => (
        <route.Link
          to="."
          search={(s) => ({ ...s, event: Number(e.sequence) })}
          resetScroll={false}
          className={className}
        >
          {content}
        </route.Link>
      )}
      current={view.event === undefined ? undefined : String(view.event)}
      query={list}
      remember="audit"
      tools={
        <>
          {events && (
            <span className="num">{count(list.hasNextPage ? 'audit.loaded' : 'audit.count', events.length)}</span>
          )}
          <Export filter={view.filter} />
        </>
      }
      more={
        list.hasNextPage
          ? { label: t('audit.older'), load: () => void list.fetchNextPage(), busy: list.isFetchingNextPage }
          : undefined
      }
      empty={
        <EmptyState
          icon={<FileClock size={22} aria-hidden />}
          title={t(view.isFiltered ? 'audit.noMatch' : 'audit.none')}
        >
          {view.isFiltered ? (
            <Button variant="default" onClick={view.clear}>
              {t('audit.clear')}
            </Button>
          ) : (
            <p>{t('audit.noneHow')}</p>
          )}
        </EmptyState>
      }
    />
  );
}

function Actor({ event }: { event: AuditEvent }) {
  const { t } = useI18n();
  const role = roleWord(event.role);
  return (
    <span className={c.words}>
      {event.actor || '–'}
      {event.role && <small>{role ? t(role) : event.role}</small>}
    </span>
  );
}

function Targets({ targets }: { targets: string[] }) {
  const { t, int } = useI18n();
  const [first, ...more] = targets;
  return (
    <span className={c.words}>
      {first ?? '–'}
      {more.length > 0 && <small>{t('audit.more', { n: int(more.length) })}</small>}
    </span>
  );
}
