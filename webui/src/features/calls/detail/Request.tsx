import { Link } from '@tanstack/react-router';
import type { Call } from '@/gen/trunkline/admin/v1/call_pb';
import { type PlainKey, useI18n } from '@/i18n';
import { CopyAction } from '@/ui/Code';
import { Facts } from '@/ui/Page';
import c from './detail.module.css';

/** What told which conversation a call belongs to. */
const affinityWords: Partial<Record<string, PlainKey>> = {
  session_header: 'calls.affinity.header',
  prompt_cache_key: 'calls.affinity.cacheKey',
  client_metadata: 'calls.affinity.metadata',
  conversation: 'calls.affinity.conversation',
  first_message: 'calls.affinity.firstMessage',
  none: 'calls.affinity.none',
};

/** What was asked, by whom, and where it arrived; everything that has a page leads to it. */
export function Request({ call }: { call: Call }) {
  const { t, int } = useI18n();
  const affinity = affinityWords[call.affinityKey];
  const said = [
    { name: t('calls.said.clientRequestId'), value: call.clientRequestId },
    { name: t('calls.call.incomingId'), value: call.incomingRequestId },
    { name: t('calls.said.user'), value: call.user },
    { name: t('calls.call.responseId'), value: call.responseId },
    { name: t('calls.call.previousResponseId'), value: call.previousResponseId },
    {
      name: t('calls.said.metadata'),
      value: Object.entries(call.metadata)
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(', '),
    },
  ].filter(({ value }) => value !== '');
  return (
    <Facts
      rows={[
        {
          name: t('calls.group'),
          value: call.group ? (
            <Link to="/groups" search={{ group: call.group }} className={c.link}>
              {call.group}
            </Link>
          ) : (
            '–'
          ),
          note: call.model !== call.group && t('calls.call.asked', { model: call.model }),
        },
        {
          name: t('calls.key'),
          value: call.apiKey ? (
            <Link to="/keys" search={{ key: call.apiKey }} className={c.link}>
              {call.apiKey}
            </Link>
          ) : (
            '–'
          ),
        },
        ...(call.provider
          ? [
              {
                name: t('calls.route'),
                value: (
                  <Link to="/providers" search={{ provider: call.provider }} className={c.link}>
                    {call.provider}
                  </Link>
                ),
                note: call.upstreamModel,
              },
            ]
          : []),
        {
          name: t('calls.call.endpoint'),
          value: <span className="mono">{call.endpoint}</span>,
          note: t(call.stream ? 'calls.streamYes' : 'calls.streamNo'),
        },
        {
          name: t('calls.node'),
          value: (
            <Link to="/nodes" search={{ node: call.node }} className={c.link}>
              {call.node}
            </Link>
          ),
        },
        ...(call.traceId
          ? [
              {
                name: t('calls.said.traceId'),
                value: (
                  <>
                    <Link to="/calls" search={{ traceId: call.traceId }} className={c.link}>
                      <span className="mono">{call.traceId}</span>
                    </Link>{' '}
                    <CopyAction value={call.traceId} />
                  </>
                ),
              },
            ]
          : []),
        ...said.map(({ name, value }) => ({ name, value: <span className="mono">{value}</span> })),
        ...(call.errorCode
          ? [{ name: t('calls.call.errorCode'), value: <span className="mono">{call.errorCode}</span> }]
          : []),
        ...(call.background ? [{ name: t('calls.call.background'), value: t('calls.call.backgroundHow') }] : []),
        ...(call.clientRetry > 0 ? [{ name: t('calls.call.clientRetry'), value: int(call.clientRetry) }] : []),
        ...(call.affinityKey
          ? [
              {
                name: t('calls.call.affinity'),
                value: affinity ? t(affinity) : call.affinityKey,
                note: call.affinityHeld && t('calls.call.affinityHeld'),
              },
            ]
          : []),
        ...(call.keywordAfterCommit ? [{ name: t('calls.call.keyword'), value: t('calls.call.keywordLate') }] : []),
      ]}
    />
  );
}
