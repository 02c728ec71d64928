import { Link } from '@tanstack/react-router';
import { ExternalLink } from 'lucide-react';
import { toMs } from '@/api/duration';
import type { Attempt, Call } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { OutcomePill } from '@/ui/OutcomePill';
import { reasonOf } from '@/ui/outcome';
import { Facts } from '@/ui/Page';
import { ErrorState, SkeletonRows } from '@/ui/States';
import c from './playground.module.css';
import { useStoredCall } from './useStoredCall';

/** What the gateway noted of a call, as soon as it is stored: every attempt, the tokens, the cost. */
export function CallRecord({ id }: { id: string }) {
  const { t } = useI18n();
  const { call, error, late, retry } = useStoredCall(id);
  if (call) return <Stored call={call} />;
  if (error) return <ErrorState error={error} onRetry={retry} />;
  if (late) return <p className={c.hint}>{t('playground.late')}</p>;
  return (
    <>
      <p className={c.hint}>{t('playground.storing')}</p>
      <SkeletonRows rows={2} />
    </>
  );
}

function Stored({ call }: { call: Call }) {
  const { t, int, usd, duration, decimal } = useI18n();
  const rate = tokensPerSecond(call);
  const usage = call.usage;
  const rows = [
    { name: t('playground.firstToken'), value: call.firstTokenLatency ? duration(toMs(call.firstTokenLatency)) : '–' },
    { name: t('playground.rate'), value: rate === null ? '–' : decimal(rate) },
    {
      name: t('playground.inputTokens'),
      value: int(usage?.inputTokens ?? 0n),
      note:
        usage && usage.cachedInputTokens > 0n ? t('playground.cached', { n: int(usage.cachedInputTokens) }) : undefined,
    },
    {
      name: t('playground.outputTokens'),
      value: int(usage?.outputTokens ?? 0n),
      note: usage?.source === 'estimated' ? t('playground.estimated') : undefined,
    },
    { name: t('playground.cost'), value: usd(call.cost) },
  ];
  return (
    <>
      <h3 className={c.small}>{t('playground.attempts')}</h3>
      {call.attempts.length === 0 ? (
        <p className={c.hint}>{t('playground.noAttempt')}</p>
      ) : (
        <ol className={c.attempts}>
          {call.attempts.map((attempt, i) => (
            <li key={i}>
              <AttemptLine attempt={attempt} />
            </li>
          ))}
        </ol>
      )}
      <h3 className={c.small}>{t('playground.figures')}</h3>
      <Facts rows={rows} />
      <Link to="/calls" search={{ call: call.id }} target="_blank" className={c.link}>
        {t('playground.open')} <ExternalLink size={13} aria-hidden />
      </Link>
    </>
  );
}

function AttemptLine({ attempt }: { attempt: Attempt }) {
  const { t, duration } = useI18n();
  const reason = reasonOf(attempt);
  return (
    <>
      <div className={c.attempt}>
        <b>{attempt.provider}</b>
        <OutcomePill outcome={attempt.outcome} status={attempt.status} />
      </div>
      <p className={c.attemptMeta}>
        <span className="mono">{attempt.model}</span>
        <span className="num">{t('playground.took', { time: duration(toMs(attempt.duration)) })}</span>
        {attempt.keyword && <span>{t('calls.attempt.keyword', { name: attempt.keyword })}</span>}
      </p>
      {reason && attempt.outcome !== 'ok' && <p className={c.reason}>{reason}</p>}
    </>
  );
}

/** Output tokens by the time they took once the first was there; null when that cannot be told. */
function tokensPerSecond(call: Call): number | null {
  const ms = toMs(call.duration) - toMs(call.firstTokenLatency);
  const tokens = Number(call.usage?.outputTokens ?? 0n);
  return call.stream && call.firstTokenLatency && ms >= 1 && tokens > 0 ? (tokens * 1000) / ms : null;
}
