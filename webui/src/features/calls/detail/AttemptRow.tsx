import { Link } from '@tanstack/react-router';
import { toMs } from '@/api/duration';
import type { Attempt } from '@/gen/trunkline/admin/v1/call_pb';
import { type PlainKey, useI18n } from '@/i18n';
import { OutcomePill } from '@/ui/OutcomePill';
import { outcomeTone, reasonOf } from '@/ui/outcome';
import { Tag } from '@/ui/Page';
import c from './detail.module.css';
import { Translated } from './Translated';

const BLAMES: Record<string, PlainKey> = {
  provider: 'calls.blame.provider',
  target: 'calls.blame.target',
  credential: 'calls.blame.credential',
  caller: 'calls.blame.caller',
  gateway: 'calls.blame.gateway',
};
/** Waiting shorter than this before an attempt is no waiting, in ms. */
const NO_WAIT = 20;

export function AttemptRow({
  attempt: a,
  total,
  wait,
  isFirst,
}: {
  attempt: Attempt;
  /** Length of the scale in ms. */
  total: number;
  /** From the end of all attempts before to the start of this one, in ms; below zero: one was still under way. */
  wait: number;
  isFirst: boolean;
}) {
  const { t, duration, int } = useI18n();
  const start = Math.min((toMs(a.startOffset) / total) * 100, 99.2);
  const width = Math.min(Math.max(0.8, (toMs(a.duration) / total) * 100), 100 - start);
  const first =
    a.firstTokenLatency && toMs(a.duration) > 0 ? (toMs(a.firstTokenLatency) / toMs(a.duration)) * 100 : null;
  const blame = BLAMES[a.blame];
  const reason = reasonOf(a);
  return (
    <>
      <div className={c.attemptHead}>
        <div>
          <Link to="/providers" search={{ provider: a.provider }} className={c.provider}>
            {a.provider}
          </Link>
          <span className="mono">{a.model}</span>
        </div>
        <OutcomePill outcome={a.outcome} status={a.status} />
      </div>
      <div className={c.track} aria-hidden>
        <i className={c.bar} data-tone={outcomeTone(a.outcome)} style={{ left: `${start}%`, width: `${width}%` }}>
          {first !== null && first < 100 && <i className={c.tick} style={{ left: `${first}%` }} />}
        </i>
      </div>
      {a.outcome !== 'ok' && (reason || blame) && (
        <p className={c.reason}>
          {reason}
          {blame && <span className={c.blame}>{t(blame)}</span>}
        </p>
      )}
      <p className={`${c.meta} num`}>
        <span>{t('calls.attempt.after', { time: duration(toMs(a.startOffset)) })}</span>
        {!isFirst && wait >= NO_WAIT && <span>{t('calls.attempt.waited', { time: duration(wait) })}</span>}
        {a.workingLatency && <span>{t('calls.attempt.working', { time: duration(toMs(a.workingLatency)) })}</span>}
        {a.firstTokenLatency && (
          <span>{t('calls.attempt.firstToken', { time: duration(toMs(a.firstTokenLatency)) })}</span>
        )}
        <span>{t('calls.attempt.took', { time: duration(toMs(a.duration)) })}</span>
        {a.credential && <span>{t('calls.attempt.credential', { name: a.credential })}</span>}
        {a.keyword && (
          <Link to="/keywords" search={{ keyword: a.keyword }} className={c.link}>
            {t('calls.attempt.keyword', { name: a.keyword })}
          </Link>
        )}
        {a.fieldRules.length > 0 && <span>{t('calls.attempt.rules', { rules: a.fieldRules.join(', ') })}</span>}
        {a.translation && <Translated translation={a.translation} />}
        {a.opaqueItemsCut > 0 && <Tag quiet>{t('calls.attempt.opaque', { n: int(a.opaqueItemsCut) })}</Tag>}
        {!isFirst && wait < 0 && <Tag quiet>{t('calls.attempt.beside')}</Tag>}
        {a.again && <Tag quiet>{t('calls.attempt.again')}</Tag>}
        {a.lastResort && <Tag quiet>{t('calls.attempt.lastResort')}</Tag>}
        {a.maybeBilled && <Tag quiet>{t('calls.attempt.maybeBilled')}</Tag>}
      </p>
    </>
  );
}
