import { useQuery } from '@connectrpc/connect-query';
import { Link } from '@tanstack/react-router';
import { BellRing } from 'lucide-react';
import { AlertService } from '@/gen/trunkline/admin/v1/alert_pb';
import { useI18n } from '@/i18n';
import { AlertText } from '@/ui/AlertText';
import { ErrorState } from '@/ui/States';
import { RelativeTime } from '@/ui/Time';
import c from '../dashboard.module.css';

/** Alerts shown at most, the newest first. */
const MOST = 3;

/** What fires now; nothing while nothing does. */
export function AlertsStrip() {
  const { count } = useI18n();
  const query = useQuery(AlertService.method.listAlerts, {}, { refetchInterval: 10_000 });
  if (!query.data)
    return query.error ? (
      <ErrorState error={query.error} onRetry={() => query.refetch()} busy={query.isFetching} />
    ) : null;
  const { alerts, firingCount } = query.data;
  if (firingCount === 0) return null;
  const title = count('dashboard.alerts', firingCount);
  return (
    <section className={c.alerts} aria-label={title}>
      <BellRing size={16} aria-hidden />
      <div>
        <Link to="/alerts">{title}</Link>
        <ul>
          {alerts.slice(0, MOST).map((alert) => (
            <li key={alert.id}>
              <span>
                <AlertText alert={alert} />
              </span>
              {alert.startTime && <RelativeTime at={alert.startTime} />}
            </li>
          ))}
        </ul>
        {firingCount > MOST && <Link to="/alerts">{count('dashboard.alertsMore', firingCount - MOST)}</Link>}
      </div>
    </section>
  );
}
