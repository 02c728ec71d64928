import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Link } from '@tanstack/react-router';
import { CircleCheck, CirclePause, ClockAlert } from 'lucide-react';
import type { ApiKey } from '@/gen/trunkline/admin/v1/key_pb';
import { useI18n } from '@/i18n';
import { Pill } from '@/ui/Pill';
import { RelativeTime } from '@/ui/Time';
import table from '@/ui/table.module.css';
import { useNow } from '@/ui/useNow';
import { keyStatus, showKey } from './key';
import c from './keys.module.css';

/** Groups named in a row before the rest is only counted. */
const MAX_GROUPS = 4;

export function KeyRow({ apiKey }: { apiKey: ApiKey }) {
  const { t, int, dateTime } = useI18n();
  const now = useNow(10_000);
  const status = keyStatus(apiKey, now);
  const hidden = apiKey.groups.length - MAX_GROUPS;
  return (
    <tr>
      <td>
        <b className={c.name}>{apiKey.name}</b>
      </td>
      <td data-label={t('keys.key')}>
        <span className={`${c.key} mono`}>{showKey(apiKey)}</span>
      </td>
      <td data-label={t('keys.groups')}>
        {apiKey.groups.length === 0 ? (
          <span className={c.warn}>{t('keys.noGroup')}</span>
        ) : (
          <span className={c.groups}>
            {apiKey.groups.slice(0, MAX_GROUPS).map((group) => (
              <Link key={group} to="/groups" search={{ group }} className={c.group}>
                {group}
              </Link>
            ))}
            {hidden > 0 && (
              <span className={c.quiet} title={apiKey.groups.slice(MAX_GROUPS).join(', ')}>
                {t('keys.moreGroups', { n: int(hidden) })}
              </span>
            )}
          </span>
        )}
      </td>
      <td data-label={t('keys.status')}>
        {status === 'active' && (
          <Pill tone="ok" Icon={CircleCheck}>
            {t('keys.active')}
          </Pill>
        )}
        {status === 'expiring' && (
          <Pill tone="warn" Icon={ClockAlert}>
            {t('keys.expiring')}
          </Pill>
        )}
        {status === 'expired' && (
          <Pill tone="bad" Icon={ClockAlert}>
            {t('keys.expired')}
          </Pill>
        )}
        {status === 'disabled' && (
          <Pill tone="mute" Icon={CirclePause}>
            {t('keys.disabled')}
          </Pill>
        )}
      </td>
      <td data-label={t('keys.expires')}>
        {apiKey.expireTime ? (
          <span className={status === 'expiring' ? c.warn : undefined} title={dateTime(timestampMs(apiKey.expireTime))}>
            <RelativeTime at={apiKey.expireTime} />
          </span>
        ) : (
          <span className={c.quiet}>{t('keys.never')}</span>
        )}
      </td>
      <td data-label={t('keys.created')} className={table.right}>
        {apiKey.createTime && <RelativeTime at={apiKey.createTime} />}
      </td>
    </tr>
  );
}
