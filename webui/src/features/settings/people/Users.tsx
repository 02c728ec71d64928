import { useQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { CircleCheck, CircleOff, Plus } from 'lucide-react';
import { useState } from 'react';
import { type User, UserService } from '@/gen/trunkline/admin/v1/user_pb';
import { useI18n } from '@/i18n';
import { Dialog } from '@/ui/Dialog';
import { Pill } from '@/ui/Pill';
import { roleWord } from '@/ui/role';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import c from '../settings.module.css';
import { EditUser } from './EditUser';
import { NewUser } from './NewUser';

export function Users({ self }: { self: string }) {
  const { t } = useI18n();
  const query = useQuery(UserService.method.listUsers, {});
  const [making, setMaking] = useState(false);
  const [edited, setEdited] = useState<string>();
  const user = query.data?.users.find((u) => u.name === edited);
  const close = () => setEdited(undefined);
  const columns: Column<User>[] = [
    {
      id: 'name',
      title: t('people.name'),
      cell: (u) => (
        <span>
          <b>{u.name}</b>
          {u.name === self && <span className={c.aside}> ({t('people.you')})</span>}
        </span>
      ),
    },
    { id: 'role', title: t('people.role'), cell: (u) => t(roleWord(u.role)) },
    {
      id: 'state',
      phone: 'corner',
      title: t('people.state'),
      cell: (u) => (
        <Pill tone={u.disabled ? 'mute' : 'ok'} Icon={u.disabled ? CircleOff : CircleCheck}>
          {t(u.disabled ? 'people.disabled' : 'people.enabled')}
        </Pill>
      ),
    },
    { id: 'factor', title: t('people.factor'), cell: (u) => t(u.totpEnabled ? 'policy.yes' : 'policy.no') },
    {
      id: 'signedIn',
      title: t('people.signedIn'),
      cell: (u) => (u.signInTime ? <RelativeTime at={u.signInTime} /> : t('settings.never')),
    },
    {
      id: 'edit',
      title: t('people.edit'),
      hideTitle: true,
      align: 'right',
      bare: true,
      cell: (u) => (
        <Button variant="subtle" size="compact-sm" onClick={() => setEdited(u.name)}>
          {t('people.edit')}
        </Button>
      ),
    },
  ];
  return (
    <section className={c.tokens}>
      <header>
        <div>
          <h2>{t('people.title')}</h2>
          <p className={c.note}>{t('people.how')}</p>
        </div>
        <Button variant="default" leftSection={<Plus size={16} aria-hidden />} onClick={() => setMaking(true)}>
          {t('people.new')}
        </Button>
      </header>
      <DataTable
        label={t('people.title')}
        columns={columns}
        rows={query.data?.users}
        rowKey={(u) => u.name}
        query={query}
        empty={<p className={c.none}>{t('people.none')}</p>}
      />
      <Dialog opened={making} title={t('people.new')} onClose={() => setMaking(false)}>
        <NewUser onClose={() => setMaking(false)} />
      </Dialog>
      <Dialog opened={user !== undefined} title={t('people.editTitle', { name: edited ?? '' })} onClose={close}>
        {user && <EditUser user={user} onClose={close} />}
      </Dialog>
    </section>
  );
}
