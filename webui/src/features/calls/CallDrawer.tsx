import { Drawer } from '@mantine/core';
import { toMs } from '@/api/duration';
import { useCall } from '@/api/queries';
import type { Call } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { CopyAction } from '@/ui/Code';
import { OutcomePill } from '@/ui/OutcomePill';
import { Facts } from '@/ui/Page';
import { ErrorState, SkeletonRows } from '@/ui/States';
import { ClockTime } from '@/ui/Time';
import { Attempts } from './Attempts';
import c from './calls.module.css';

/** One call in full: what was asked, what came back, and every attempt on the way. */
export function CallDrawer({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const { t } = useI18n();
  return (
    <Drawer
      opened={id !== undefined}
      onClose={onClose}
      position="right"
      size={620}
      overlayProps={{ backgroundOpacity: 0.35 }}
      title={t('calls.call.title')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
      classNames={{ content: c.drawer, title: c.drawerTitle, header: c.drawerHead, body: c.drawerBody }}
    >
      {id !== undefined && <Content id={id} />}
    </Drawer>
  );
}

function Content({ id }: { id: string }) {
  const call = useCall(id);
  if (call.data?.call) return <Detail call={call.data.call} />;
  if (call.error) return <ErrorState error={call.error} onRetry={() => call.refetch()} busy={call.isFetching} />;
  return <SkeletonRows rows={4} />;
}

function Detail({ call }: { call: Call }) {
  const { t, int, usd, duration } = useI18n();
  const usage = call.usage;
  const took = (d: Call['duration']) => (d ? duration(toMs(d)) : '–');
  return (
    <>
      <div className={c.summary}>
        <OutcomePill outcome={call.outcome} status={call.status} />
        {call.startTime && <ClockTime at={call.startTime} />}
      </div>
      <p className={c.id}>
        <span className="mono">{call.id}</span>
        <CopyAction value={call.id} />
      </p>

      <h3>{t('calls.call.attempts')}</h3>
      <Attempts call={call} />

      <h3>{t('calls.call.request')}</h3>
      <Facts
        rows={[
          {
            name: t('calls.group'),
            value: call.group || '–',
            note: call.model !== call.group && t('calls.call.asked', { model: call.model }),
          },
          { name: t('calls.key'), value: call.apiKey || '–' },
          {
            name: t('calls.call.endpoint'),
            value: <span className="mono">{call.endpoint}</span>,
            note: call.stream && t('calls.call.stream'),
          },
          { name: t('calls.call.node'), value: call.node },
          ...(call.errorCode
            ? [{ name: t('calls.call.errorCode'), value: <span className="mono">{call.errorCode}</span> }]
            : []),
          ...(call.clientRetry > 0 ? [{ name: t('calls.call.clientRetry'), value: int(call.clientRetry) }] : []),
          ...(call.keywordAfterCommit ? [{ name: t('calls.call.keyword'), value: t('calls.call.keywordLate') }] : []),
        ]}
      />

      <h3>{t('calls.call.timeAndCost')}</h3>
      <Facts
        rows={[
          { name: t('calls.firstToken'), value: took(call.firstTokenLatency) },
          { name: t('calls.duration'), value: took(call.duration) },
          { name: t('calls.call.overhead'), value: took(call.overhead) },
          {
            name: t('calls.call.inputTokens'),
            value: int(usage?.inputTokens ?? 0n),
            note:
              usage &&
              usage.cachedInputTokens > 0n &&
              t('calls.call.cachedTokens', { n: int(usage.cachedInputTokens) }),
          },
          {
            name: t('calls.call.outputTokens'),
            value: int(usage?.outputTokens ?? 0n),
            note: usage?.source === 'estimated' && t('calls.call.estimated'),
          },
          { name: t('calls.cost'), value: usd(call.cost) },
        ]}
      />
    </>
  );
}
