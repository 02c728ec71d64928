import { ArrowRight } from 'lucide-react';
import type { Call } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import c from './ui.module.css';

/** Who was tried, the failed ones struck through. The last two are enough in a row; the call's own view has them all. */
export function CallRoute({ call }: { call: Call }) {
  const { t, count } = useI18n();
  const only = call.provider || call.attempts[0]?.provider;
  if (call.attempts.length < 2)
    return only ? <span>{only}</span> : <span className={c.quiet}>{t('calls.noProvider')}</span>;
  return (
    <span className={c.route} title={count('calls.attempts', call.attempts.length)}>
      {call.attempts.length > 2 && <span className={c.quiet}>…</span>}
      {call.attempts.slice(-2).map((attempt, i) => (
        <span
          key={`${attempt.provider} ${attempt.model} ${i}`}
          className={c.hop}
          data-failed={attempt.outcome !== 'ok'}
        >
          {i > 0 && <ArrowRight size={13} aria-hidden />}
          <span>{attempt.provider}</span>
        </span>
      ))}
    </span>
  );
}
