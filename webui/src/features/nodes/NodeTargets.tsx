import { durationMs } from '@bufbuild/protobuf/wkt';
import type { TargetHealth } from '@/gen/trunkline/admin/v1/health_pb';
import { TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import { useI18n } from '@/i18n';
import { HealthPill } from '@/ui/HealthPill';
import type { HealthState } from '@/ui/health';
import { outcomeKey } from '@/ui/outcome';
import c from './nodes.module.css';

const states: Record<TargetState, HealthState> = {
  [TargetState.UNSPECIFIED]: 'unknown',
  [TargetState.HEALTHY]: 'healthy',
  [TargetState.DEGRADED]: 'degraded',
  [TargetState.PROBING]: 'probing',
  [TargetState.COOLING]: 'cooling',
  [TargetState.DISABLED]: 'disabled',
};

/** What this node sees of the targets that are not simply healthy. */
export function NodeTargets({ targets }: { targets: TargetHealth[] }) {
  const { t, age } = useI18n();
  if (targets.length === 0) return <p className={c.note}>{t('nodes.allHealthy')}</p>;
  return (
    <ul className={c.list}>
      {targets.map((target) => (
        <li key={`${target.provider}/${target.model}/${target.credential}`}>
          <b>{target.provider}</b>
          {target.model && <span className="mono">{target.model}</span>}
          {target.credential && <span>{t('nodes.credential', { name: target.credential })}</span>}
          <HealthPill state={states[target.state]} />
          {target.remaining && durationMs(target.remaining) > 0 && <small>{age(durationMs(target.remaining))}</small>}
          {target.reason && <small>{t(outcomeKey(target.reason))}</small>}
        </li>
      ))}
    </ul>
  );
}
