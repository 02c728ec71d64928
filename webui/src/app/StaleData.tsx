import { ConnectError } from '@connectrpc/connect';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { CloudOff } from 'lucide-react';
import { useCallback, useSyncExternalStore } from 'react';
import { isUnreachable } from '@/api/errors';
import { useI18n } from '@/i18n';
import { useNow } from '@/ui/useNow';
import c from './shell.module.css';

/**
 * What is shown stays when it cannot be read again; this says how old it is. It looks at every
 * read that the page is using, so pages have nothing to do for it.
 */
export function StaleData() {
  const client = useQueryClient();
  const subscribe = useCallback((listener: () => void) => client.getQueryCache().subscribe(listener), [client]);
  const since = useSyncExternalStore(subscribe, () => staleSince(client));
  return since === 0 ? null : <Banner since={since} />;
}

function Banner({ since }: { since: number }) {
  const { t, age } = useI18n();
  const now = useNow();
  return (
    <div className={c.stale} role="status">
      <CloudOff size={16} aria-hidden />
      <span>
        <b>{t('shell.stale', { age: age(Math.max(0, now - since)) })}</b> {t('shell.staleWhy')}
      </span>
    </div>
  );
}

/** When the oldest data in use was read of which a newer reading fails; 0 when all is fresh. */
function staleSince(client: QueryClient): number {
  const times = client
    .getQueryCache()
    .findAll({ type: 'active' })
    .map((query) => query.state)
    .filter((s) => s.data !== undefined && s.error !== null && isUnreachable(ConnectError.from(s.error)))
    .map((s) => s.dataUpdatedAt);
  return times.length === 0 ? 0 : Math.min(...times);
}
