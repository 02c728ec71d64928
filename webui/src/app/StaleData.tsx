import { ConnectError } from '@connectrpc/connect';
import { type Query, type QueryClient, useQueryClient } from '@tanstack/react-query';
import { CloudOff } from 'lucide-react';
import { useCallback, useEffect, useSyncExternalStore } from 'react';
import { isUnreachable } from '@/api/errors';
import { useI18n } from '@/i18n';
import { useNow } from '@/ui/useNow';
import c from './shell.module.css';

/** How often what could not be read is tried again, in milliseconds. */
const AGAIN = 5_000;

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
  const { t, age, sentences } = useI18n();
  const now = useNow();
  const client = useQueryClient();
  // Some of it is read rarely: nobody should be told for that long that all is old once it is not.
  useEffect(() => {
    const timer = setInterval(() => client.refetchQueries({ type: 'active', predicate: hasLostTouch }), AGAIN);
    return () => clearInterval(timer);
  }, [client]);
  return (
    <div className={c.stale} role="status">
      <CloudOff size={16} aria-hidden />
      <span>{sentences(<b>{t('shell.stale', { age: age(Math.max(0, now - since)) })}</b>, t('shell.staleWhy'))}</span>
    </div>
  );
}

/** When the oldest data in use was read of which a newer reading fails; 0 when all is fresh. */
function staleSince(client: QueryClient): number {
  const times = client
    .getQueryCache()
    .findAll({ type: 'active', predicate: hasLostTouch })
    .map((query) => query.state.dataUpdatedAt);
  return times.length === 0 ? 0 : Math.min(...times);
}

/** It has data, but the last reading of it found nobody. */
const hasLostTouch = ({ state }: Query) =>
  state.data !== undefined && state.error !== null && isUnreachable(ConnectError.from(state.error));
