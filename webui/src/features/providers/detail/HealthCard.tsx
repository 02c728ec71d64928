import { Button } from '@mantine/core';
import { CircleCheck } from 'lucide-react';
import { healthFrom } from '@/api/targetState';
import { useAction } from '@/api/useAction';
import { type ProviderHealth, type TargetHealth, TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { HealthDetail } from '@/ui/HealthPill';
import { Card } from '@/ui/Page';
import { SkeletonRows } from '@/ui/States';
import c from './detail.module.css';

/** What does not stand well: the provider as a whole, models, credentials; and the way to end a cooldown. */
export function HealthCard({
  provider,
  health,
  at,
}: {
  provider: Provider;
  health: ProviderHealth | undefined;
  at: number;
}) {
  const { t, int } = useI18n();
  const isWell = health?.state === TargetState.HEALTHY;
  return (
    <Card
      title={t('providers.health.title')}
      sub={
        (health?.modelCount ?? 0) > 0 &&
        t('providers.health.usable', { n: int(health?.usableModels ?? 0), of: int(health?.modelCount ?? 0) })
      }
      flush
    >
      {!health ? (
        <SkeletonRows rows={2} />
      ) : health.targets.length === 0 ? (
        <p className={c.none}>
          {isWell && health.modelCount > 0 && <CircleCheck size={16} aria-hidden />}
          {t(isWell && health.modelCount === 0 ? 'providers.noModels' : NOTHING_SAID[health.state])}
        </p>
      ) : (
        <ul className={c.list}>
          {health.targets.map((target) => (
            <Part key={`${target.model} ${target.credential}`} provider={provider.name} target={target} at={at} />
          ))}
        </ul>
      )}
    </Card>
  );
}

const NOTHING_SAID = {
  [TargetState.UNSPECIFIED]: 'providers.health.unknown',
  [TargetState.HEALTHY]: 'providers.health.well',
  [TargetState.DEGRADED]: 'providers.health.unknown',
  [TargetState.PROBING]: 'providers.health.unknown',
  [TargetState.COOLING]: 'providers.health.unknown',
  [TargetState.DISABLED]: 'providers.health.disabled',
} as const;

function Part({ provider, target, at }: { provider: string; target: TargetHealth; at: number }) {
  const { t, list } = useI18n();
  const name = target.model || target.credential || t('providers.health.whole');
  const reset = useAction(ProviderService.method.resetCooldown, { done: () => t('providers.cooldownEnded', { name }) });
  return (
    <li>
      <div>
        <b className={target.model ? 'mono' : undefined}>{name}</b>
        <small>
          {target.credential && t('providers.form.credential')}
          {target.derived && t('providers.health.derived')}
          {target.nodes.length > 0 && ` ${t('providers.health.on', { nodes: list(target.nodes) })}`}
        </small>
      </div>
      <div>
        <HealthDetail health={healthFrom(target, at)} />
        {target.detail && <small className={c.reason}>{target.detail}</small>}
      </div>
      {reset.allowed && target.state === TargetState.COOLING && (
        <Button
          variant="subtle"
          size="compact-sm"
          loading={reset.busy}
          onClick={() => reset.run({ provider, model: target.model, credential: target.credential })}
        >
          {t('providers.endCooldown')}
        </Button>
      )}
    </li>
  );
}
