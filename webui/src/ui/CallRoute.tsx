import { ArrowRight } from 'lucide-react';
import type { Attempt, Call } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { outcomeKey } from './outcome';
import c from './ui.module.css';

/** Who was tried and what came of it: Azure 429 → OpenAI 200. The last three are enough in a row; the call's own view has them all. */
export function CallRoute({ call }: { call: Call }) {
  const { t, count } = useI18n();
  const only = call.provider || call.attempts[0]?.provider;
  if (call.attempts.length < 2)
    return only ? <span>{only}</span> : <span className={c.quiet}>{t('calls.noProvider')}</span>;
  return (
    <span className={c.route} title={count('calls.attempts', call.attempts.length)}>
      {call.attempts.length > SHOWN && <span className={c.quiet}>…</span>}
      {call.attempts.slice(-SHOWN).map((attempt, i) => (
        <span key={`${attempt.provider} ${attempt.model} ${i}`} className={c.hop}>
          {i > 0 && <ArrowRight size={13} aria-hidden />}
          <span className={c.hopChip} data-failed={attempt.outcome !== 'ok'}>
            <span>{attempt.provider}</span>
            <b className="num">{isTelling(attempt) ? attempt.status : t(outcomeKey(attempt.outcome))}</b>
          </span>
        </span>
      ))}
    </span>
  );
}

/** The last attempts that a row shows. */
const SHOWN = 3;

/** Whether the status says how it ended: a 200 with a failure keyword in it does not. */
const isTelling = ({ status, outcome }: Attempt) => status > 0 && (outcome === 'ok' || status >= 400);
