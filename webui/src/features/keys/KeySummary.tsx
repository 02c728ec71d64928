import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Link } from '@tanstack/react-router';
import type { ApiKey } from '@/gen/trunkline/admin/v1/key_pb';
import { useI18n } from '@/i18n';
import { Facts } from '@/ui/Page';
import { Pill } from '@/ui/Pill';
import { RelativeTime } from '@/ui/Time';
import { useNow } from '@/ui/useNow';
import { BudgetBar } from './BudgetBar';
import { lookOf, showKey } from './key';
import c from './keys.module.css';

/** How a key stands: its state, what it has spent, when it was used. */
export function KeySummary({ apiKey }: { apiKey: ApiKey }) {
  const { t, dateTime } = useI18n();
  const { tone, word, Icon } = lookOf(apiKey, useNow(30_000));
  const until = apiKey.oldSecretExpireTime;
  const overlaps = !apiKey.revokeTime && until !== undefined && timestampMs(until) > Date.now();
  return (
    <div className={c.summary}>
      <Pill tone={tone} Icon={Icon}>
        {t(word)}
      </Pill>
      <Facts
        rows={[
          {
            name: t('keys.key'),
            value: <span className="mono">{showKey(apiKey)}</span>,
            note: overlaps && t('keys.oldWorks', { last: apiKey.oldLastFour, time: dateTime(timestampMs(until)) }),
          },
          { name: t('keys.budget'), value: <BudgetBar apiKey={apiKey} /> },
          {
            name: t('keys.lastUsed'),
            value: apiKey.usage?.lastUsedTime ? (
              <RelativeTime at={apiKey.usage.lastUsedTime} />
            ) : (
              t(apiKey.usage ? 'keys.notUsed' : 'keys.unknown')
            ),
            note: (
              <Link to="/calls" search={{ key: apiKey.name }}>
                {t('keys.itsCalls')}
              </Link>
            ),
          },
          ...(apiKey.revokeTime ? [{ name: t('keys.revoked'), value: dateTime(timestampMs(apiKey.revokeTime)) }] : []),
        ]}
      />
    </div>
  );
}
