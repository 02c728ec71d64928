import { timestampMs } from '@bufbuild/protobuf/wkt';
import { toMs } from '@/api/duration';
import type { Call } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { CopyAction } from '@/ui/Code';
import { OutcomePill } from '@/ui/OutcomePill';
import c from './detail.module.css';

/** How it ended, when, and a sentence of what happened on the way. */
export function Summary({ call }: { call: Call }) {
  const { t, dateTime, duration, usdShort } = useI18n();
  return (
    <div className={c.summary}>
      <div className={c.line}>
        <OutcomePill outcome={call.outcome} status={call.status} />
        {call.startTime && <span className="num">{dateTime(timestampMs(call.startTime))}</span>}
        {call.duration && <b className="num">{duration(toMs(call.duration))}</b>}
        {Number(call.cost) > 0 && <b className="num">{usdShort(call.cost)}</b>}
      </div>
      <p className={c.id}>
        <span className="mono">{call.id}</span>
        <CopyAction value={call.id} />
      </p>
      <Story call={call} />
      {call.clockAhead && <p className={c.note}>{t('calls.call.clock')}</p>}
    </div>
  );
}

function Story({ call }: { call: Call }) {
  const { t, count } = useI18n();
  const superseded = call.attempts.filter((attempt) => attempt.outcome === 'superseded').length;
  const failed = call.attempts.filter((attempt) => attempt.outcome !== 'ok').length - superseded;
  const last = call.attempts.at(-1);
  const isSaved = call.outcome === 'ok';
  if (last && failed === 0 && superseded > 0 && isSaved)
    return <p className={c.story}>{t('calls.call.sooner', { provider: call.provider })}</p>;
  if (!last || failed === 0) return null;
  return (
    <p className={c.story} data-saved={isSaved}>
      {isSaved
        ? count('calls.call.saved', failed, { provider: call.provider })
        : call.attempts.length > 1
          ? count('calls.call.allFailed', failed)
          : t('calls.call.oneFailed', { provider: last.provider })}
    </p>
  );
}
