import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ApiKey } from '@/gen/trunkline/admin/v1/key_pb';
import { useI18n } from '@/i18n';
import { Chip } from '@/ui/Page';
import { Pill } from '@/ui/Pill';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { DataTable, type TableProps } from '@/ui/table/DataTable';
import { useNow } from '@/ui/useNow';
import { BudgetBar } from './BudgetBar';
import { lookOf, showKey } from './key';
import c from './keys.module.css';

/** Groups named in a row before the rest is only counted. */
const MAX_GROUPS = 3;

export function KeyTable({
  rows,
  empty,
  ...table
}: { rows: ApiKey[] | undefined; empty: ReactNode } & Pick<
  TableProps<ApiKey>,
  'query' | 'order' | 'onOrder' | 'current' | 'more' | 'tools'
>) {
  const { t, dateTime } = useI18n();
  const now = useNow(30_000);
  const columns: Column<ApiKey>[] = [
    { id: 'name', title: t('keys.name'), sort: 'name', cell: (k) => k.name },
    { id: 'key', title: t('keys.key'), cell: (k) => <span className={`${c.key} mono`}>{showKey(k)}</span> },
    {
      id: 'status',
      phone: 'corner',
      title: t('keys.status'),
      cell: (k) => {
        const { tone, word, Icon } = lookOf(k, now);
        return (
          <Pill tone={tone} Icon={Icon}>
            {t(word)}
          </Pill>
        );
      },
    },
    { id: 'groups', title: t('keys.groups'), phone: 'wide', cell: (k) => <Groups groups={k.groups} /> },
    { id: 'budget', title: t('keys.budget'), cell: (k) => <BudgetBar apiKey={k} short /> },
    {
      id: 'used',
      title: t('keys.lastUsed'),
      cell: (k) =>
        k.usage?.lastUsedTime ? (
          <RelativeTime at={k.usage.lastUsedTime} />
        ) : (
          <span className={c.quiet}>{t(k.usage ? 'keys.notUsed' : 'keys.unknown')}</span>
        ),
    },
    {
      id: 'expires',
      title: t('keys.expires'),
      sort: 'expire_time',
      cell: (k) =>
        k.expireTime ? (
          <span title={dateTime(timestampMs(k.expireTime))}>
            <RelativeTime at={k.expireTime} />
          </span>
        ) : (
          <span className={c.quiet}>{t('keys.never')}</span>
        ),
    },
    { id: 'owner', title: t('keys.owner'), optional: true, cell: (k) => k.owner || '–' },
    { id: 'tags', title: t('keys.tags'), optional: true, cell: (k) => k.tags.join(', ') || '–' },
    {
      id: 'created',
      title: t('keys.created'),
      sort: 'create_time',
      descFirst: true,
      align: 'right',
      cell: (k) => k.createTime && <RelativeTime at={k.createTime} />,
    },
  ];
  return (
    <DataTable
      label={t('nav.keys')}
      columns={columns}
      rows={rows}
      rowKey={(k) => k.name}
      rowLink={(k, content, className) => (
        <Link to="/keys" search={(s) => ({ ...s, key: k.name, new: undefined })} className={className}>
          {content}
        </Link>
      )}
      remember="keys"
      empty={empty}
      {...table}
    />
  );
}

function Groups({ groups }: { groups: string[] }) {
  const { t, int } = useI18n();
  const hidden = groups.length - MAX_GROUPS;
  if (groups.length === 0) return <span className={c.warn}>{t('keys.noGroup')}</span>;
  return (
    <span className={c.groups}>
      {groups.slice(0, MAX_GROUPS).map((group) => (
        <Link key={group} to="/groups" search={{ group }}>
          <Chip>{group}</Chip>
        </Link>
      ))}
      {hidden > 0 && (
        <span className={c.quiet} title={groups.slice(MAX_GROUPS).join(', ')}>
          {t('keys.moreGroups', { n: int(hidden) })}
        </span>
      )}
    </span>
  );
}
