import { toMs } from '@/api/duration';
import type { Attempt, Call } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { OutcomePill } from '@/ui/OutcomePill';
import { outcomeTone } from '@/ui/outcome';
import { Tag } from '@/ui/Page';
import c from './calls.module.css';

/** The attempts on one time scale: when each began, when its first token came, why it ended. */
export function Attempts({ call }: { call: Call }) {
  const { t } = useI18n();
  if (call.attempts.length === 0) return <p className={c.quiet}>{t('calls.call.noAttempt')}</p>;
  const ends = call.attempts.map((a) => toMs(a.startOffset) + toMs(a.duration));
  const total = Math.max(1, toMs(call.duration), ...ends);
  return (
    <ol className={c.attempts}>
      {call.attempts.map((attempt, i) => (
        <li key={i}>
          <Row attempt={attempt} total={total} />
        </li>
      ))}
    </ol>
  );
}

function Row({ attempt: a, total }: { attempt: Attempt; total: number }) {
  const { t, duration } = useI18n();
  const start = (toMs(a.startOffset) / total) * 100;
  const width = Math.max(0.8, (toMs(a.duration) / total) * 100);
  const first =
    a.firstTokenLatency && toMs(a.duration) > 0 ? (toMs(a.firstTokenLatency) / toMs(a.duration)) * 100 : null;
  return (
    <>
      <div className={c.attemptHead}>
        <div>
          <b>{a.provider}</b>
          <span className="mono">{a.model}</span>
        </div>
        <OutcomePill outcome={a.outcome} status={a.status} />
      </div>
      <div className={c.track} aria-hidden>
        <i
          className={c.bar}
          data-tone={outcomeTone(a.outcome)}
          style={{ left: `${Math.min(start, 99.2)}%`, width: `${Math.min(width, 100 - Math.min(start, 99.2))}%` }}
        >
          {first !== null && first < 100 && <i className={c.tick} style={{ left: `${first}%` }} />}
        </i>
      </div>
      <p className={`${c.attemptMeta} num`}>
        <span>{t('calls.attempt.after', { time: duration(toMs(a.startOffset)) })}</span>
        {a.firstTokenLatency && (
          <span>{t('calls.attempt.firstToken', { time: duration(toMs(a.firstTokenLatency)) })}</span>
        )}
        <span>{t('calls.attempt.took', { time: duration(toMs(a.duration)) })}</span>
        {a.credential && <span>{t('calls.attempt.credential', { name: a.credential })}</span>}
        {a.lastResort && <Tag quiet>{t('calls.attempt.lastResort')}</Tag>}
        {a.maybeBilled && <Tag quiet>{t('calls.attempt.maybeBilled')}</Tag>}
      </p>
      {a.reason && a.outcome !== 'ok' && <p className={c.reason}>{a.reason}</p>}
    </>
  );
}
