import { Button } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { AlertChannelService } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import { useI18n } from '@/i18n';
import { May } from '@/ui/May';
import { PageHeader } from '@/ui/Page';
import { Tabs } from '@/ui/Tabs';
import { useTitle } from '@/ui/useTitle';
import { ActiveAlerts } from './ActiveAlerts';
import { ChannelPanel } from './ChannelPanel';
import { Channels } from './Channels';
import { Deliveries } from './Deliveries';
import { type AlertsTab, TABS } from './search';

const route = getRouteApi('/signed-in/alerts');

/** What people are alerted of, who is told, and what they were sent. */
export function AlertsPage() {
  const { t } = useI18n();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  useTitle(t('nav.alerts'));
  const tab = search.tab ?? 'active';
  const labels: Record<AlertsTab, string> = {
    active: t('alerts.active'),
    channels: t('alerts.channels'),
    deliveries: t('alerts.deliveries'),
  };
  const add = () => navigate({ search: { ...search, tab: 'channels', new: true, channel: undefined } });
  const close = () => navigate({ search: { ...search, new: undefined, channel: undefined } });
  return (
    <>
      <PageHeader
        title={t('nav.alerts')}
        lead={t('alerts.lead')}
        aside={
          <May call={AlertChannelService.method.createAlertChannel}>
            <Button leftSection={<Plus size={16} aria-hidden />} onClick={add}>
              {t('alerts.add')}
            </Button>
          </May>
        }
      />
      <Tabs
        label={t('nav.alerts')}
        tabs={TABS.map((value) => ({ value, label: labels[value] }))}
        value={tab}
        onChange={(next) => navigate({ search: { tab: next === 'active' ? undefined : next }, replace: true })}
      >
        {tab === 'active' && (
          <ActiveAlerts
            ended={search.ended === true}
            onEnded={(on) => navigate({ search: { ...search, ended: on || undefined }, replace: true })}
          />
        )}
        {tab === 'channels' && <Channels current={search.channel} onAdd={add} />}
        {tab === 'deliveries' && <Deliveries />}
      </Tabs>
      <ChannelPanel isNew={search.new === true} name={search.channel} onClose={close} />
    </>
  );
}
