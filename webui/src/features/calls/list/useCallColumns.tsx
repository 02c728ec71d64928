import { toMs } from '@/api/duration';
import type { Call } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { CallRoute } from '@/ui/CallRoute';
import { OutcomePill } from '@/ui/OutcomePill';
import { ClockTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { cachedShare, tokensOf, tokensPerSecond } from './figures';
import c from './list.module.css';
import type { Row } from './rows';

/** Every column of the list; a failover shows in the row itself. */
export function useCallColumns(): Column<Row>[] {
  const { t, int, compact, usd, usdShort, duration, decimal, percent, count } = useI18n();
  const time = (d: Call['duration']) => (d ? duration(toMs(d)) : NONE);
  const tokens = (n: bigint | undefined) => (n ? int(n) : NONE);
  const columns: Column<Call>[] = [
    { id: 'time', title: t('calls.time'), cell: (call) => call.startTime && <ClockTime at={call.startTime} /> },
    {
      id: 'outcome',
      phone: 'corner',
      title: t('calls.outcome'),
      bare: true,
      cell: (call) => <OutcomePill outcome={call.outcome} status={call.status} />,
    },
    {
      id: 'group',
      title: t('calls.group'),
      cell: (call) => (
        <span className={c.two}>
          <b className="name">{call.group || call.model || NONE}</b>
          {call.apiKey && <small>{call.apiKey}</small>}
        </span>
      ),
    },
    {
      id: 'route',
      title: t('calls.route'),
      phone: 'wide',
      cell: (call) => (
        <span className={c.two} data-wide>
          <CallRoute call={call} />
          {call.attemptCount > 1 && <small>{count('calls.attempts', call.attemptCount)}</small>}
        </span>
      ),
    },
    { id: 'upstream', title: t('calls.upstreamModel'), optional: true, cell: (call) => call.upstreamModel || NONE },
    { id: 'asked', title: t('calls.model'), optional: true, cell: (call) => call.model || NONE },
    { id: 'status', title: t('calls.status'), optional: true, align: 'right', cell: (call) => call.status },
    { id: 'error', title: t('calls.call.errorCode'), optional: true, cell: (call) => call.errorCode || NONE },
    { id: 'node', title: t('calls.node'), optional: true, cell: (call) => call.node },
    { id: 'endpoint', title: t('calls.call.endpoint'), optional: true, cell: (call) => call.endpoint },
    {
      id: 'stream',
      title: t('calls.stream'),
      optional: true,
      cell: (call) => t(call.stream ? 'calls.streamYes' : 'calls.streamNo'),
    },
    {
      id: 'firstToken',
      title: t('calls.firstToken'),
      align: 'right',
      phone: 'hide',
      cell: (call) => time(call.firstTokenLatency),
    },
    { id: 'duration', title: t('calls.duration'), align: 'right', cell: (call) => time(call.duration) },
    {
      id: 'overhead',
      title: t('calls.call.overhead'),
      optional: true,
      align: 'right',
      cell: (call) => time(call.overhead),
    },
    {
      id: 'tokens',
      title: t('calls.tokens'),
      align: 'right',
      phone: 'hide',
      cell: (call) => (tokensOf(call) > 0n ? compact(tokensOf(call)) : NONE),
    },
    {
      id: 'input',
      title: t('calls.call.inputTokens'),
      optional: true,
      align: 'right',
      cell: (call) => tokens(call.usage?.inputTokens),
    },
    {
      id: 'output',
      title: t('calls.call.outputTokens'),
      optional: true,
      align: 'right',
      cell: (call) => tokens(call.usage?.outputTokens),
    },
    {
      id: 'speed',
      title: t('calls.speed'),
      hint: t('calls.speedHint'),
      optional: true,
      align: 'right',
      cell: (call) => {
        const speed = tokensPerSecond(call);
        return speed === undefined ? NONE : decimal(speed, speed < 10 ? 1 : 0);
      },
    },
    {
      id: 'cached',
      title: t('calls.cached'),
      hint: t('calls.cachedHint'),
      optional: true,
      align: 'right',
      cell: (call) => {
        const share = cachedShare(call);
        return share === undefined ? NONE : percent(share);
      },
    },
    {
      id: 'cost',
      title: t('calls.cost'),
      align: 'right',
      cell: (call) => (Number(call.cost) > 0 ? <span title={usd(call.cost)}>{usdShort(call.cost)}</span> : NONE),
    },
  ];
  return columns.map((column) => ({
    ...column,
    cell: (row) => (row.kind === 'call' ? column.cell(row.call) : null),
  }));
}

const NONE = <span className={c.quiet}>–</span>;
