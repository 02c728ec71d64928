import { Link } from '@tanstack/react-router';
import { toMs } from '@/api/duration';
import type { Call } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { CallRoute } from '@/ui/CallRoute';
import { OutcomePill } from '@/ui/OutcomePill';
import { Card } from '@/ui/Page';
import { ClockTime } from '@/ui/Time';
import c from './dashboard.module.css';

/** The newest calls, so that one sees at once whether traffic flows. */
export function LatestCalls({ calls }: { calls: Call[] }) {
  const { t, duration } = useI18n();
  return (
    <Card title={t('dashboard.latest')} aside={<AllCalls />} flush>
      <ul className={c.rows}>
        {calls.map((call) => (
          <li key={call.id} className={c.call}>
            <Link to="/calls" search={{ call: call.id }} className={c.callLink}>
              {call.startTime && <ClockTime at={call.startTime} />}
            </Link>
            <OutcomePill outcome={call.outcome} status={call.status} />
            <b>{call.group || call.model}</b>
            <CallRoute call={call} />
            <span className="num">{call.duration && duration(toMs(call.duration))}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function AllCalls() {
  const { t } = useI18n();
  return (
    <Link to="/calls" className={c.more}>
      {t('dashboard.allCalls')}
    </Link>
  );
}
