import { durationMs } from '@bufbuild/protobuf/wkt';
import { getRouteApi } from '@tanstack/react-router';
import { ArrowRight } from 'lucide-react';
import type { Call } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { ClockTime } from '@/ui/Time';
import table from '@/ui/table.module.css';
import c from './calls.module.css';
import { OutcomePill } from './OutcomePill';

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
        {call.attempts.length > 1 ? (
          <Route call={call} />
        ) : (
          <span className={c.hop}>
            {call.provider || call.attempts[0]?.provider || <span className={c.quiet}>{t('calls.noProvider')}</span>}
          </span>
        )}
        {call.attemptCount > 1 && <small className={c.sub}>{count('calls.attempts', call.attemptCount)}</small>}
      </td>
      <td data-label={t('calls.firstToken')} className={`${table.right} num`}>
        {call.firstTokenTime ? duration(durationMs(call.firstTokenTime)) : <None />}
      </td>
      <td data-label={t('calls.duration')} className={`${table.right} num`}>
        {call.duration ? duration(durationMs(call.duration)) : <None />}
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

/** Who was tried: the one before last is enough in a row, the drawer has them all. */
function Route({ call }: { call: Call }) {
  const [before, last] = call.attempts.slice(-2);
  return (
    <span className={c.route}>
      {call.attempts.length > 2 && <span className={c.quiet}>…</span>}
      <span className={c.hop} data-failed={before?.outcome !== 'ok'}>
        {before?.provider}
      </span>
      <ArrowRight size={13} aria-hidden />
      <span className={c.hop} data-failed={last?.outcome !== 'ok'}>
        {last?.provider}
      </span>
    </span>
  );
}

const None = () => <span className={c.quiet}>–</span>;
