import { UnstyledButton } from '@mantine/core';
import { useFocusTrap } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { Boxes, House, KeyRound, Layers, Menu as MenuIcon, ScrollText, ShieldAlert, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { CONFIG_KEY, useNodes, useWhoAmI } from '@/api/queries';
import { type PlainKey, useI18n } from '@/i18n';
import { Brand } from '@/ui/Brand';
import { Preferences } from '@/ui/Preferences';
import { SnapshotStrip } from './SnapshotStrip';
import c from './shell.module.css';
import { UserMenu } from './UserMenu';

const nav = [
  { to: '/', word: 'nav.overview', Icon: House },
  { to: '/groups', word: 'nav.groups', Icon: Layers },
  { to: '/providers', word: 'nav.providers', Icon: Boxes },
  { to: '/keys', word: 'nav.keys', Icon: KeyRound },
  { to: '/calls', word: 'nav.calls', Icon: ScrollText },
] as const satisfies readonly { to: string; word: PlainKey; Icon: typeof House }[];

/** The frame around every page of a signed-in person. */
export function Shell() {
  const { t } = useI18n();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const [open, setOpen] = useState(false);
  const trap = useFocusTrap(open);
  useRefreshOnNewRevision();

  // A navigation closes the menu.
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    if (!open) return;
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && setOpen(false);
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [open]);

  return (
    <div className={c.shell}>
      <a className={c.skip} href="#main">
        {t('shell.skip')}
      </a>
      <header className={c.top}>
        <Brand />
        <UnstyledButton
          className={c.burger}
          aria-label={t('shell.menu')}
          aria-expanded={open}
          onClick={() => setOpen(true)}
        >
          <MenuIcon size={20} aria-hidden />
        </UnstyledButton>
      </header>
      {open && <div className={c.scrim} onClick={() => setOpen(false)} aria-hidden />}
      <aside className={c.side} data-open={open} aria-label={t('shell.sidebar')} ref={trap}>
        <div className={c.sideHead}>
          <Brand />
          <UnstyledButton className={c.close} aria-label={t('shell.close')} onClick={() => setOpen(false)}>
            <X size={18} aria-hidden />
          </UnstyledButton>
        </div>
        <nav className={c.nav} aria-label={t('shell.nav')}>
          {nav.map(({ to, word, Icon }) => (
            <Link key={to} to={to} className={c.link} activeOptions={{ exact: to === '/', includeSearch: false }}>
              <Icon size={17} strokeWidth={1.9} aria-hidden />
              {t(word)}
            </Link>
          ))}
        </nav>
        <div className={c.foot}>
          <SnapshotStrip />
          <div className={c.footTools}>
            <Preferences />
            <UserMenu />
          </div>
        </div>
      </aside>
      <main id="main" className={c.main} tabIndex={-1}>
        <DefaultPasswordWarning />
        <Outlet />
      </main>
    </div>
  );
}

function DefaultPasswordWarning() {
  const { t } = useI18n();
  const { data } = useWhoAmI();
  if (!data?.defaultPassword) return null;
  return (
    <div className={c.warning} role="note">
      <ShieldAlert size={17} aria-hidden />
      <span>
        <b>{t('shell.defaultPassword')}</b> {t('shell.defaultPasswordHow')}
      </span>
    </div>
  );
}

/** The nodes' report carries the configuration's revision: when it grows, what is shown of it is old. */
function useRefreshOnNewRevision() {
  const client = useQueryClient();
  const revision = useNodes().data?.revision;
  useEffect(() => {
    if (revision !== undefined) void client.invalidateQueries({ queryKey: CONFIG_KEY });
  }, [client, revision]);
}
