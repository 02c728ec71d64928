import { useQuery } from '@connectrpc/connect-query';
import { Button, Switch } from '@mantine/core';
import { useState } from 'react';
import { useWhoAmI } from '@/api/session';
import { useAction } from '@/api/useAction';
import { Role } from '@/gen/trunkline/admin/v1/role_pb';
import { type Session, UserService } from '@/gen/trunkline/admin/v1/user_pb';
import { useI18n } from '@/i18n';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import c from '../settings.module.css';
import p from './people.module.css';
import { agentOf } from './userAgent';

/** Where one is signed in, and for owners everybody. */
export function Sessions() {
  const { t } = useI18n();
  const owner = useWhoAmI().data?.role === Role.OWNER;
  const [allUsers, setAllUsers] = useState(false);
  const query = useQuery(UserService.method.listSessions, { allUsers });
  const end = useAction(UserService.method.revokeSession, { done: () => t('people.ended') });
  const endOthers = useAction(UserService.method.revokeAllSessions, {
    done: (r) => t('people.sessionsEnded', { n: r.endedCount }),
  });
  const browser = (header: string) => {
    const { program, system } = agentOf(header);
    return system ? t('people.browserOn', { browser: program, system }) : program;
  };
  const columns: Column<Session>[] = [
    { id: 'user', title: t('people.user'), cell: (s) => <b>{s.user}</b> },
    { id: 'address', title: t('people.address'), cell: (s) => <span className="mono">{s.address || '–'}</span> },
    {
      id: 'browser',
      title: t('people.browser'),
      phone: 'wide',
      cell: (s) => <span title={s.userAgent}>{browser(s.userAgent) || '–'}</span>,
    },
    { id: 'began', title: t('people.began'), cell: (s) => s.createTime && <RelativeTime at={s.createTime} /> },
    { id: 'used', title: t('people.used'), cell: (s) => s.useTime && <RelativeTime at={s.useTime} /> },
    {
      id: 'end',
      title: t('people.end'),
      hideTitle: true,
      align: 'right',
      bare: true,
      cell: (s) =>
        s.current ? (
          <span className={c.note}>{t('people.thisOne')}</span>
        ) : (
          <Button variant="subtle" color="red" size="compact-sm" onClick={() => end.run({ id: s.id })}>
            {t('people.end')}
          </Button>
        ),
    },
  ];
  return (
    <section className={c.tokens}>
      <header>
        <div>
          <h2>{t('people.sessions')}</h2>
          <p className={c.note}>{t('people.sessionsHow')}</p>
        </div>
        <div className={p.actions}>
          {owner && (
            <Switch
              label={t('people.everybody')}
              checked={allUsers}
              onChange={(event) => setAllUsers(event.currentTarget.checked)}
            />
          )}
          <Button variant="default" loading={endOthers.busy} onClick={() => endOthers.run({})}>
            {t('people.endOthers')}
          </Button>
        </div>
      </header>
      <DataTable
        label={t('people.sessions')}
        columns={columns}
        rows={query.data?.sessions}
        rowKey={(s) => s.id}
        query={query}
        empty={<p className={c.none}>{t('people.noSessions')}</p>}
      />
    </section>
  );
}
