import type { ProviderHealth } from '@/gen/trunkline/admin/v1/health_pb';
import type { Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import { RefusalsCard } from '../rules/RefusalsCard';
import { ConnectionCard } from './ConnectionCard';
import { CredentialsCard } from './CredentialsCard';
import c from './detail.module.css';
import { GroupsCard } from './GroupsCard';
import { HealthCard } from './HealthCard';
import { UsageCards } from './UsageCards';

export function Overview({
  provider,
  health,
  at,
}: {
  provider: Provider;
  health: ProviderHealth | undefined;
  at: number;
}) {
  return (
    <div className={c.stack}>
      <UsageCards provider={provider.name} />
      <div className={c.pair}>
        <HealthCard provider={provider} health={health} at={at} />
        <GroupsCard provider={provider.name} />
      </div>
      {health && <RefusalsCard provider={provider} refusals={health.refusals} />}
      <div className={c.pair}>
        <CredentialsCard provider={provider} health={health} at={at} />
        <ConnectionCard provider={provider} />
      </div>
    </div>
  );
}
