import { Menu, UnstyledButton } from '@mantine/core';
import { KeyRound, LogOut } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { useWhoAmI } from '@/api/session';
import { useI18n } from '@/i18n';
import c from './shell.module.css';
import { useSignOut } from './useSignOut';

const PasswordDialog = lazy(() => import('./PasswordDialog').then((m) => ({ default: m.PasswordDialog })));

/** Who is signed in, and what they may do about it. */
export function UserMenu() {
  const { t } = useI18n();
  const { data } = useWhoAmI();
  const signOut = useSignOut();
  const name = data?.username ?? '';
  const [changing, setChanging] = useState(false);
  return (
    <>
      <Menu position="top-end" width={220}>
        <Menu.Target>
          <UnstyledButton className={c.avatar} aria-label={t('shell.account', { name })}>
            {[...name][0]?.toLocaleUpperCase() ?? ''}
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <div className={c.who}>
            <b>{name}</b>
            {data?.version && <span>Trunkline {data.version}</span>}
          </div>
          <Menu.Divider />
          {data?.canChangePassword && (
            <Menu.Item leftSection={<KeyRound size={14} aria-hidden />} onClick={() => setChanging(true)}>
              {t('password.change')}
            </Menu.Item>
          )}
          <Menu.Item leftSection={<LogOut size={14} aria-hidden />} closeMenuOnClick={false} onClick={signOut}>
            {t('shell.signOut')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense>{changing && <PasswordDialog onClose={() => setChanging(false)} />}</Suspense>
    </>
  );
}
