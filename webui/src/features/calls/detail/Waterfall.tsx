import { toMs } from '@/api/duration';
import type { Call } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { AttemptRow } from './AttemptRow';
import c from './detail.module.css';

/** The attempts on one time scale: when each began, when its first token came, why it ended. */
export function Waterfall({ call }: { call: Call }) {
  const { t, duration } = useI18n();
  if (call.attempts.length === 0) return <p className={c.note}>{t('calls.call.noAttempt')}</p>;
  const starts = call.attempts.map((a) => toMs(a.startOffset));
  const ends = call.attempts.map((a) => toMs(a.startOffset) + toMs(a.duration));
  const total = Math.max(1, toMs(call.duration), ...ends);
  return (
    <>
      <div className={`${c.scale} num`} aria-hidden>
        <span>0</span>
        <span>{duration(total / 2)}</span>
        <span>{duration(total)}</span>
      </div>
      <ol className={c.attempts}>
        {call.attempts.map((attempt, i) => (
          <li key={i}>
            <AttemptRow
              attempt={attempt}
              total={total}
              wait={(starts[i] ?? 0) - Math.max(0, ...ends.slice(0, i))}
              isFirst={i === 0}
            />
          </li>
        ))}
      </ol>
    </>
  );
}
