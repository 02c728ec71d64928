import { CircleAlert, CircleCheck, CircleDashed, CircleHelp, CirclePause, CircleX, Hourglass } from 'lucide-react';
import { type PlainKey, useI18n } from '@/i18n';
import { type Health, type HealthState, needsHelp } from '@/ui/health';
import { Countdown } from './Countdown';
import { Meter } from './Meter';
import { outcomeKey, type Tone } from './outcome';
import { Pill } from './Pill';
import c from './ui.module.css';

const looks: Record<HealthState, { tone: Tone; word: PlainKey; Icon: typeof CircleCheck }> = {
  healthy: { tone: 'ok', word: 'health.healthy', Icon: CircleCheck },
  degraded: { tone: 'warn', word: 'health.degraded', Icon: CircleAlert },
  probing: { tone: 'warn', word: 'health.probing', Icon: CircleDashed },
  cooling: { tone: 'bad', word: 'health.cooling', Icon: Hourglass },
  unserved: { tone: 'bad', word: 'health.unserved', Icon: CircleX },
  disabled: { tone: 'mute', word: 'health.disabled', Icon: CirclePause },
  unknown: { tone: 'mute', word: 'health.unknown', Icon: CircleHelp },
};

/** Colour is never the only signal: every state has its own icon and word. */
export function HealthPill({ state }: { state: HealthState }) {
  const { t } = useI18n();
  const { tone, word, Icon } = looks[state];
  return (
    <Pill tone={tone} Icon={Icon}>
      {t(word)}
    </Pill>
  );
}

/** The state's icon alone, for dense lists; its word is read out. */
export function HealthIcon({ state }: { state: HealthState }) {
  const { t } = useI18n();
  const { tone, word, Icon } = looks[state];
  return (
    <span className={c.healthIcon} data-tone={tone} title={t(word)}>
      <Icon size={15} strokeWidth={2.25} aria-hidden />
      <span className="visually-hidden">{t(word)}</span>
    </span>
  );
}

/** The pill, and under it what one wants to know next: how long, why, how close. */
export function HealthDetail({ health }: { health: Health }) {
  return (
    <div className={c.health}>
      <HealthPill state={health.state} />
      <HealthNote health={health} />
    </div>
  );
}

export function HealthNote({ health }: { health: Health }) {
  const { t } = useI18n();
  const partly = health.of > 1 && health.nodes < health.of && health.state !== 'healthy';
  const where = partly ? <span>{t('health.onNodes', { n: health.nodes, of: health.of })}</span> : null;
  switch (health.state) {
    case 'cooling':
      return (
        <span className={c.healthNote}>
          <Countdown until={health.until} />
          {health.reason && <span>{t(outcomeKey(health.reason))}</span>}
          {needsHelp(health) && <b>{t('health.needsHelp')}</b>}
          {where}
        </span>
      );
    case 'degraded':
      return health.threshold > 0 && health.failures > 0 ? (
        <span className={c.healthNote}>
          <Meter n={health.failures} of={health.threshold} />
          {where}
        </span>
      ) : null;
    case 'probing':
      return <span className={c.healthNote}>{t('health.probingNote')}</span>;
    default:
      return null;
  }
}
