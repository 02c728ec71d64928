import { type TargetHealth, TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import type { Health, HealthState } from '@/ui/health';
import { toMs } from './duration';

const STATES: Record<TargetState, HealthState> = {
  [TargetState.UNSPECIFIED]: 'unknown',
  [TargetState.HEALTHY]: 'healthy',
  [TargetState.DEGRADED]: 'degraded',
  [TargetState.PROBING]: 'probing',
  [TargetState.COOLING]: 'cooling',
  [TargetState.DISABLED]: 'disabled',
};

/** A state as the control plane says it; a newer one than this console knows is unknown. */
export const stateOf = (state: TargetState | undefined): HealthState => STATES[state ?? 0] ?? 'unknown';

/** A target, a credential or a whole provider: what is not said of one is empty. */
type Told = Pick<TargetHealth, 'state'> & Partial<Omit<TargetHealth, '$typeName' | 'state'>>;

/** What the control plane says of a target, to be shown; at is when it said so: the time left counts from there. */
export function healthFrom(told: Told | undefined, at: number): Health {
  const left = toMs(told?.remaining);
  return {
    state: stateOf(told?.state),
    until: left > 0 ? at + left : 0,
    reason: told?.reason ?? '',
    failures: told?.failures ?? 0,
    threshold: told?.threshold ?? 0,
    nodes: told?.nodes?.length ?? 0,
    of: 0,
  };
}
