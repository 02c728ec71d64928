import { Outlet, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useRefreshOnNewRevision } from '@/api/nodes';
import { useWhoAmI } from '@/api/session';
import { Role } from '@/gen/trunkline/admin/v1/role_pb';
import { useI18n } from '@/i18n';
import { ShortcutsProvider, useShortcut } from '@/ui/shortcuts';
import { DefaultPasswordNote } from './DefaultPasswordNote';
import { type NavPage, usePages } from './nav';
import { Sidebar } from './Sidebar';
import { StaleData } from './StaleData';
import c from './shell.module.css';
import { ViewerNote } from './ViewerNote';

// Asked for by a key, a click or a rare state, so not in the first load.
const ApplyRefusedNote = lazy(() => import('./ApplyRefusedNote').then((m) => ({ default: m.ApplyRefusedNote })));
const CommandPalette = lazy(() => import('./CommandPalette').then((m) => ({ default: m.CommandPalette })));
const Notifications = lazy(() => import('./Notices').then((m) => ({ default: m.Notices })));
const RequiredFactor = lazy(() => import('./RequiredFactor').then((m) => ({ default: m.RequiredFactor })));
const ShortcutsHelp = lazy(() => import('./ShortcutsHelp').then((m) => ({ default: m.ShortcutsHelp })));

/** The frame around every page of a signed-in person. */
export function Shell() {
  const { data: me } = useWhoAmI();
  const needed = me?.totpRequired === true && me.hasPassword && !me.totpEnabled;
  // What is begun is not cut short by an answer that the factor is set: its recovery codes are shown once.
  const [enrolling, setEnrolling] = useState(needed);
  if (needed && !enrolling) setEnrolling(true);
  if (enrolling)
    return (
      <Suspense>
        <RequiredFactor onDone={() => setEnrolling(false)} />
      </Suspense>
    );
  return (
    <ShortcutsProvider>
      <Frame />
    </ShortcutsProvider>
  );
}

function Frame() {
  const { t } = useI18n();
  const { data: me } = useWhoAmI();
  const [open, setOpen] = useState<'palette' | 'help' | null>(null);
  const pages = usePages();
  useRefreshOnNewRevision();
  useShortcut('mod+k', t('shell.search'), () => setOpen('palette'), { part: 'any' });
  useShortcut('/', t('shell.search'), () => setOpen('palette'), { part: 'any' });
  useShortcut('?', t('shortcuts.title'), () => setOpen('help'), { part: 'any' });

  return (
    <div className={c.shell}>
      <a className={c.skip} href="#main">
        {t('shell.skip')}
      </a>
      <Sidebar onSearch={() => setOpen('palette')} onHelp={() => setOpen('help')} />
      <main id="main" className={c.main} tabIndex={-1}>
        <StaleData />
        {me?.role === Role.VIEWER && <ViewerNote />}
        {me?.defaultPassword && <DefaultPasswordNote canChange={me.canChangePassword} />}
        <Suspense>
          <ApplyRefusedNote />
        </Suspense>
        <Outlet />
      </main>
      {pages.map((page) => (
        <Jump key={page.to} page={page} />
      ))}
      <Suspense>
        <Notifications />
        {open === 'palette' && <CommandPalette onClose={() => setOpen(null)} onHelp={() => setOpen('help')} />}
        {open === 'help' && <ShortcutsHelp onClose={() => setOpen(null)} />}
      </Suspense>
    </div>
  );
}

/** g and the page's letter go there from everywhere. */
function Jump({ page }: { page: NavPage }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  useShortcut(`g ${page.jump}`, t(page.word), () => void navigate({ to: page.to }), { part: 'go' });
  return null;
}
