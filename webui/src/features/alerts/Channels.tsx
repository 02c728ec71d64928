import { useInfiniteQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { keepPreviousData } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Megaphone } from 'lucide-react';
import { type AlertChannel, AlertChannelService } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import { useI18n } from '@/i18n';
import { May } from '@/ui/May';
import { Tag } from '@/ui/Page';
import { EmptyState } from '@/ui/States';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import c from './alerts.module.css';
import { wayOf } from './draft';
import { eventWord, wayWords } from './words';

/** Who is told. */
export function Channels({ current, onAdd }: { current: string | undefined; onAdd: () => void }) {
  const { t, list } = useI18n();
  const query = useInfiniteQuery(
    AlertChannelService.method.listAlertChannels,
    { pageSize: 200, pageToken: '' },
    {
      pageParamKey: 'pageToken',
      getNextPageParam: (last) => last.nextPageToken || undefined,
      placeholderData: keepPreviousData,
      refetchInterval: 30_000,
    },
  );
  const events = (ch: AlertChannel) =>
    ch.events.length === 0
      ? t('alerts.everything')
      : list(
          ch.events.map((event) => {
            const word = eventWord(event);
            return word ? t(word) : event;
          }),
        );
  const columns: Column<AlertChannel>[] = [
    { id: 'name', title: t('alerts.name'), cell: (ch) => ch.name },
    { id: 'way', title: t('alerts.way'), cell: (ch) => t(wayWords[wayOf(ch)]) },
    {
      id: 'to',
      title: t('alerts.to'),
      phone: 'wide',
      cell: (ch) => <span className={c.summary}>{target(ch)}</span>,
    },
    { id: 'events', title: t('alerts.events'), phone: 'wide', cell: events },
    {
      id: 'on',
      phone: 'corner',
      title: t('alerts.state'),
      cell: (ch) => (ch.enabled === false ? <Tag quiet>{t('alerts.off')}</Tag> : <Tag>{t('alerts.on')}</Tag>),
    },
  ];
  return (
    <DataTable
      label={t('alerts.channels')}
      columns={columns}
      rows={query.data?.pages.flatMap((page) => page.alertChannels)}
      rowKey={(ch) => ch.name}
      rowLink={(ch, content, className) => (
        <Link to="/alerts" search={{ tab: 'channels', channel: ch.name }} className={className}>
          {content}
        </Link>
      )}
      current={current}
      query={query}
      more={
        query.hasNextPage ? { label: '', load: () => query.fetchNextPage(), busy: query.isFetchingNextPage } : undefined
      }
      empty={
        <EmptyState icon={<Megaphone size={22} aria-hidden />} title={t('alerts.noChannels')}>
          <May call={AlertChannelService.method.createAlertChannel}>
            <p>{t('alerts.noChannelsHow')}</p>
            <Button onClick={onAdd}>{t('alerts.add')}</Button>
          </May>
        </EmptyState>
      }
    />
  );
}

/** Where a channel goes, without what is secret of it. */
function target(ch: AlertChannel): string {
  if (ch.webhook) return ch.webhook.url;
  if (ch.email) return ch.email.to.join(', ');
  return `••••${ch.slack?.secretHint ?? ''}`;
}
