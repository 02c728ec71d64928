import { Link } from '@tanstack/react-router';
import { CircleCheck } from 'lucide-react';
import { healthFrom, stateOf } from '@/api/targetState';
import type { ProviderHealth } from '@/gen/trunkline/admin/v1/health_pb';
import { useI18n } from '@/i18n';
import { HealthDetail } from '@/ui/HealthPill';
import type { HealthState } from '@/ui/health';
import { Loaded } from '@/ui/Loaded';
import { Card } from '@/ui/Page';
import c from '../dashboard.module.css';
import { useHealth } from '../queries';

/** From what needs someone first to what needs nobody. */
const ORDER: readonly HealthState[] = ['cooling', 'probing', 'degraded', 'unserved', 'unknown', 'healthy', 'disabled'];
const MOST = 8;

/** How the providers stand right now, those in trouble first; of one group when the page is about one. */
export function HealthCard({ group }: { group: string }) {
  const query = useHealth();
  const { t, int, count } = useI18n();
  return (
    <Card title={t('dashboard.health.title')} sub={t('dashboard.health.sub')} flush>
      <Loaded query={query}>
        {({ providers }) => {
          const meant = providers
            .filter((p) => group === '' || p.groups.includes(group))
            .sort((a, b) => ORDER.indexOf(stateOf(a.state)) - ORDER.indexOf(stateOf(b.state)));
          const healthy = meant.filter((p) => stateOf(p.state) === 'healthy').length;
          return (
            <>
              {healthy > 0 && healthy === meant.length && (
                <p className={c.calm}>
                  <CircleCheck size={17} aria-hidden />
                  {t('dashboard.health.all')}
                </p>
              )}
              <ul className={c.rows}>
                {meant.slice(0, MOST).map((provider) => (
                  <HealthRow key={provider.provider} provider={provider} at={query.dataUpdatedAt} />
                ))}
              </ul>
              {meant.length > MOST && (
                <Link to="/providers" className={c.more}>
                  {count('dashboard.health.more', meant.length - MOST, { healthy: int(healthy) })}
                </Link>
              )}
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}

function HealthRow({ provider, at }: { provider: ProviderHealth; at: number }) {
  const { t, int } = useI18n();
  const { provider: name, state, remaining, reason, targets, usableModels, modelCount } = provider;
  const worst = targets.reduce((most, target) => Math.max(most, target.failures), 0);
  const threshold = targets.find((target) => target.failures === worst)?.threshold ?? 0;
  const parts = targets.map((target) => target.model || target.credential).filter((part) => part !== '');
  return (
    <li className={c.row}>
      <div>
        <Link to="/providers" search={{ provider: name }}>
          {name}
        </Link>
        <small>
          {parts.length > 0
            ? parts.slice(0, 2).join(', ')
            : t('dashboard.health.models', { usable: int(usableModels), all: int(modelCount) })}
        </small>
      </div>
      <HealthDetail health={healthFrom({ state, remaining, reason, failures: worst, threshold }, at)} />
    </li>
  );
}
