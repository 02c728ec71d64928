import { getRouteApi } from '@tanstack/react-router';
import { toMs } from '@/api/duration';
import type { Call } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { CallRoute } from '@/ui/CallRoute';
import { OutcomePill } from '@/ui/OutcomePill';
import { ClockTime } from '@/ui/Time';
import table from '@/ui/table.module.css';
import c from './calls.module.css';

const route = getRouteApi('/signed-in/calls');

/** One call; a failover shows in the row itself. */
export function CallRow({ call }: { call: Call }) {
  const { t, compact, usd, duration, count } = useI18n();
  const tokens = (call.usage?.inputTokens ?? 0n) + (call.usage?.outputTokens ?? 0n);
  return (
    <tr data-link="true">
      <td>
        <route.Link to="." search={(s) => ({ ...s, call: call.id })} resetScroll={false} replace className={c.open}>
          {call.startTime && <ClockTime at={call.startTime} />}
        </route.Link>
      </td>
      <td data-label={t('calls.outcome')}>
        <OutcomePill outcome={call.outcome} status={call.status} />
      </td>
      <td data-label={t('calls.group')}>
        <b className={c.name}>{call.group || call.model}</b>
        {call.apiKey && <small className={c.sub}>{call.apiKey}</small>}
      </td>
      <td data-label={t('calls.route')}>
        <CallRoute call={call} />
        {call.attemptCount > 1 && <small className={c.sub}>{count('calls.attempts', call.attemptCount)}</small>}
      </td>
      <td data-label={t('calls.firstToken')} className={`${table.right} num`}>
        {call.firstTokenLatency ? duration(toMs(call.firstTokenLatency)) : <None />}
      </td>
      <td data-label={t('calls.duration')} className={`${table.right} num`}>
        {call.duration ? duration(toMs(call.duration)) : <None />}
      </td>
      <td data-label={t('calls.tokens')} className={`${table.right} num`}>
        {tokens > 0n ? compact(tokens) : <None />}
      </td>
      <td data-label={t('calls.cost')} className={`${table.right} num`}>
        {Number(call.cost) > 0 ? usd(call.cost) : <None />}
      </td>
    </tr>
  );
}

const None = () => <span className={c.quiet}>–</span>;
