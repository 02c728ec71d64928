import { useQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { ScrollText } from 'lucide-react';
import { useGroupNames } from '@/api/queries';
import { CallService } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { FirstCall } from '@/ui/ClientSetups';
import { EmptyState, SkeletonRows } from '@/ui/States';
import { RelativeTime } from '@/ui/Time';
import { useFilter } from '../filters/useFilter';

const icon = <ScrollText size={22} aria-hidden />;

/** Why the list is empty, and what to do: no such calls, none in this time, or none ever. */
export function NoCalls({ isFiltered }: { isFiltered: boolean }) {
  const { t } = useI18n();
  const { search, clear } = useFilter();
  if (!isFiltered) return <NoneHere />;
  return (
    <EmptyState icon={icon} title={t(search.id === undefined ? 'calls.noMatch' : 'calls.noSuchId')}>
      {search.id !== undefined && <p>{t('calls.noSuchIdHelp')}</p>}
      <Button variant="default" onClick={clear}>
        {t('calls.clear')}
      </Button>
    </EmptyState>
  );
}

function NoneHere() {
  const { t, rich } = useI18n();
  const { set } = useFilter();
  const groups = useGroupNames();
  const latest = useQuery(CallService.method.listCalls, { pageSize: 1 });
  if (latest.isPending) return <SkeletonRows rows={3} />;
  const last = latest.data?.calls[0]?.startTime;
  if (latest.error || last) {
    return (
      <EmptyState icon={icon} title={t('calls.noneInPeriod')}>
        {last && <p>{rich('calls.lastCall', { time: <RelativeTime at={last} /> })}</p>}
        <Button variant="default" onClick={() => set({ range: '30d', from: undefined, to: undefined })}>
          {t('calls.show30d')}
        </Button>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={icon} title={t('calls.empty')}>
      <p>{t('calls.emptyHow')}</p>
      <FirstCall group={groups.data?.[0] ?? 'gpt-4-pool'} />
    </EmptyState>
  );
}
