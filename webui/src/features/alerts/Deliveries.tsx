import { useInfiniteQuery } from '@connectrpc/connect-query';
import { keepPreviousData } from '@tanstack/react-query';
import { CircleCheck, CircleX, Clock, Send } from 'lucide-react';
import { AlertChannelService, type AlertDelivery, AlertDeliveryState } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import { useI18n } from '@/i18n';
import { AlertText } from '@/ui/AlertText';
import { Tag } from '@/ui/Page';
import { Pill } from '@/ui/Pill';
import { EmptyState } from '@/ui/States';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import c from './alerts.module.css';
import { deliveryTones, deliveryWords } from './words';

const icons = {
  [AlertDeliveryState.UNSPECIFIED]: Clock,
  [AlertDeliveryState.PENDING]: Clock,
  [AlertDeliveryState.SENT]: CircleCheck,
  [AlertDeliveryState.FAILED]: CircleX,
};

/** What was sent, and why something was not. */
export function Deliveries() {
  const { t, int } = useI18n();
  const query = useInfiniteQuery(
    AlertChannelService.method.listAlertChannelDeliveries,
    { pageSize: 100, pageToken: '' },
    {
      pageParamKey: 'pageToken',
      getNextPageParam: (last) => last.nextPageToken || undefined,
      placeholderData: keepPreviousData,
      refetchInterval: 10_000,
    },
  );
  const columns: Column<AlertDelivery>[] = [
    { id: 'time', title: t('alerts.time'), cell: (d) => d.createTime && <RelativeTime at={d.createTime} /> },
    { id: 'channel', title: t('alerts.channel'), cell: (d) => <span className="name">{d.channel}</span> },
    {
      id: 'state',
      phone: 'corner',
      title: t('alerts.state'),
      cell: (d) => (
        <Pill tone={deliveryTones[d.state]} Icon={icons[d.state]}>
          {t(deliveryWords[d.state])}
        </Pill>
      ),
    },
    { id: 'what', title: t('alerts.told'), phone: 'wide', cell: (d) => <Told delivery={d} /> },
    { id: 'attempts', title: t('alerts.attempts'), align: 'right', cell: (d) => int(d.attempts) },
    {
      id: 'error',
      title: t('alerts.lastError'),
      phone: 'wide',
      cell: (d) => (d.error ? <span lang="en">{d.error}</span> : '–'),
    },
  ];
  return (
    <DataTable
      label={t('alerts.deliveries')}
      columns={columns}
      rows={query.data?.pages.flatMap((page) => page.deliveries)}
      rowKey={(d) => d.id}
      query={query}
      more={
        query.hasNextPage ? { label: '', load: () => query.fetchNextPage(), busy: query.isFetchingNextPage } : undefined
      }
      empty={
        <EmptyState icon={<Send size={22} aria-hidden />} title={t('alerts.noDeliveries')}>
          <p>{t('alerts.noDeliveriesHow')}</p>
        </EmptyState>
      }
    />
  );
}

function Told({ delivery }: { delivery: AlertDelivery }) {
  const { t, count } = useI18n();
  if (delivery.test) return <Tag quiet>{t('alerts.test')}</Tag>;
  const [first] = delivery.alerts;
  return (
    <span className={c.summary}>
      <span>{first && <AlertText alert={first} />}</span>
      {delivery.alerts.length + delivery.omitted > 1 && (
        <small>{count('alerts.count', delivery.alerts.length + delivery.omitted)}</small>
      )}
    </span>
  );
}
