import { healthFrom } from '@/api/targetState';
import { type ProviderHealth, TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import { HealthDetail, HealthPill } from '@/ui/HealthPill';

/** How a model stands, as far as connected nodes tell. */
export function ModelState({
  health,
  at,
  id,
  isEnabled,
}: {
  health: ProviderHealth | undefined;
  at: number;
  id: string;
  isEnabled: boolean;
}) {
  if (!isEnabled) return <HealthPill state="disabled" />;
  const told = health?.targets.find((target) => target.model === id && target.credential === '');
  const whole = health?.targets.find((target) => target.model === '' && target.credential === '' && !target.derived);
  const isOff = health?.state === TargetState.DISABLED;
  // What is not told of is simply healthy, unless the whole provider is not, or nothing is known.
  const state = isOff || health?.state === TargetState.UNSPECIFIED ? health.state : TargetState.HEALTHY;
  return <HealthDetail health={healthFrom(health ? (told ?? whole ?? { state }) : undefined, at)} />;
}
