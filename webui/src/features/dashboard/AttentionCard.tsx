import { Link } from '@tanstack/react-router';
import { CircleCheck } from 'lucide-react';
import { useMemo } from 'react';
import { HealthIndex } from '@/api/health';
import type { Node } from '@/gen/trunkline/admin/v1/node_pb';
import type { Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { HealthDetail } from '@/ui/HealthPill';
import type { Health } from '@/ui/health';
import { Card } from '@/ui/Page';
import c from './dashboard.module.css';

type Trouble = { provider: string; part: string; health: Health };

/** Every target and credential that is not simply healthy; the worst first. */
export function AttentionCard({ providers, nodes, at }: { providers: Provider[]; nodes: Node[]; at: number }) {
  const { t } = useI18n();
  const troubles = useMemo(() => findTroubles(providers, new HealthIndex(nodes, at)), [providers, nodes, at]);
  return (
    <Card title={t('dashboard.attention.title')} sub={t('dashboard.attention.sub')} flush>
      {troubles.length === 0 ? (
        <p className={c.calm}>
          <CircleCheck size={17} aria-hidden />
          {nodes.some((n) => n.connected) ? t('dashboard.attention.none') : t('dashboard.attention.unknown')}
        </p>
      ) : (
        <ul className={c.rows}>
          {troubles.map(({ provider, part, health }) => (
            <li key={`${provider}\n${part}`} className={c.row}>
              <div>
                <Link to="/providers" search={{ provider }}>
                  {provider}
                </Link>
                <span className="mono">{part}</span>
              </div>
              <HealthDetail health={health} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function findTroubles(providers: Provider[], index: HealthIndex): Trouble[] {
  const order = ['cooling', 'probing', 'degraded'];
  return providers
    .filter((p) => p.enabled !== false)
    .flatMap((p) => [
      ...p.models.map((m) => ({ provider: p.name, part: m.id, health: index.target(p, m.id) })),
      ...p.credentials.map((k) => ({ provider: p.name, part: k.name, health: index.credential(p, k.name, k.enabled) })),
    ])
    .filter((trouble) => order.includes(trouble.health.state))
    .sort((a, b) => order.indexOf(a.health.state) - order.indexOf(b.health.state));
}
