import { useQuery } from '@connectrpc/connect-query';
import { Switch } from '@mantine/core';
import { keepPreviousData } from '@tanstack/react-query';
import { BellRing, CircleCheck } from 'lucide-react';
import { type Alert, AlertService, AlertState } from '@/gen/trunkline/admin/v1/alert_pb';
import { useI18n } from '@/i18n';
import { AlertReason, AlertText } from '@/ui/AlertText';
import { Pill } from '@/ui/Pill';
import { EmptyState } from '@/ui/States';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import c from './alerts.module.css';
import { eventWord } from './words';

/** What fires now and, if asked, what ended within a day. */
export function ActiveAlerts({ ended, onEnded }: { ended: boolean; onEnded: (on: boolean) => void }) {
  const { t } = useI18n();
  const query = useQuery(
    AlertService.method.listAlerts,
    { withResolved: ended },
    { refetchInterval: 5_000, placeholderData: keepPreviousData },
  );
  const columns: Column<Alert>[] = [
    { id: 'what', title: t('alerts.event'), cell: (a) => <Event event={a.event} /> },
    {
      id: 'state',
      phone: 'corner',
      title: t('alerts.state'),
      cell: (a) =>
        a.state === AlertState.RESOLVED ? (
          <Pill tone="ok" Icon={CircleCheck}>
            {t('alerts.resolved')}
          </Pill>
        ) : (
          <Pill tone="bad" Icon={BellRing}>
            {t('alerts.firing')}
          </Pill>
        ),
    },
    {
      id: 'summary',
      title: t('alerts.summary'),
      phone: 'wide',
      cell: (a) => (
        <div className={c.what}>
          <AlertText alert={a} />
          <AlertReason alert={a} />
        </div>
      ),
    },
    { id: 'since', title: t('alerts.since'), cell: (a) => a.startTime && <RelativeTime at={a.startTime} /> },
    { id: 'until', title: t('alerts.until'), cell: (a) => (a.endTime ? <RelativeTime at={a.endTime} /> : '–') },
  ];
  return (
    <DataTable
      label={t('alerts.active')}
      columns={columns}
      rows={query.data?.alerts}
      rowKey={(a) => a.id}
      query={query}
      tools={
        <Switch
          label={t('alerts.withResolved')}
          checked={ended}
          onChange={(event) => onEnded(event.currentTarget.checked)}
        />
      }
      empty={
        <EmptyState icon={<CircleCheck size={22} aria-hidden />} title={t('alerts.none')}>
          <p>{t('alerts.noneHow')}</p>
        </EmptyState>
      }
    />
  );
}

function Event({ event }: { event: string }) {
  const { t } = useI18n();
  const word = eventWord(event);
  return <>{word ? t(word) : event}</>;
}
