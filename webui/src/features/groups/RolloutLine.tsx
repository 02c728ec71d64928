import { CircleCheck, CircleX, LoaderCircle } from 'lucide-react';
import { useI18n } from '@/i18n';
import c from './groups.module.css';
import type { Rollout } from './useRollout';

/** Says on how many nodes the last change is live, and how long that took. */
export function RolloutLine({ rollout }: { rollout: Rollout }) {
  const { t, int, duration } = useI18n();
  const { live, nodes, refused, ms, isDone } = rollout;
  const counts = { live: int(live), nodes: int(nodes) };
  const tone = refused !== '' || nodes === 0 ? 'bad' : isDone ? 'ok' : 'mute';
  const Icon = { bad: CircleX, ok: CircleCheck, mute: LoaderCircle }[tone];
  return (
    <p className={c.rollout} data-tone={tone} role="status">
      <Icon size={15} aria-hidden />
      {nodes === 0
        ? t('groups.live.noNode')
        : refused !== ''
          ? t('groups.live.refused', { ...counts, why: refused })
          : isDone
            ? t('groups.live.done', { ...counts, time: duration(ms) })
            : t('groups.live.waiting', counts)}
    </p>
  );
}
