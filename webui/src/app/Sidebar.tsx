import { UnstyledButton } from '@mantine/core';
import { useFocusTrap } from '@mantine/hooks';
import { Link, useRouterState } from '@tanstack/react-router';
import { Menu as MenuIcon, Search, X } from 'lucide-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useI18n } from '@/i18n';
import { Brand } from '@/ui/Brand';
import { Keys } from '@/ui/Kbd';
import { useNav } from './nav';
import { SnapshotStrip } from './SnapshotStrip';
import c from './shell.module.css';

// Its menus, and what places them, are a tenth of the first load.
const SidebarTools = lazy(() => import('./SidebarTools').then((m) => ({ default: m.SidebarTools })));

/** The pages at the side; on narrow screens a bar with a menu that slides in. */
export function Sidebar({ onSearch, onHelp }: { onSearch: () => void; onHelp: () => void }) {
  const { t } = useI18n();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const nav = useNav();
  const [open, setOpen] = useState(false);
  const trap = useFocusTrap(open);

  // A navigation closes the menu.
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    if (!open) return;
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && setOpen(false);
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [open]);
  const search = () => {
    setOpen(false);
    onSearch();
  };

  return (
    <>
      <header className={c.top}>
        <Brand />
        <div className={c.topTools}>
          <UnstyledButton className={c.burger} aria-label={t('shell.search')} onClick={search}>
            <Search size={19} aria-hidden />
          </UnstyledButton>
          <UnstyledButton
            className={c.burger}
            aria-label={t('shell.menu')}
            aria-expanded={open}
            onClick={() => setOpen(true)}
          >
            <MenuIcon size={20} aria-hidden />
          </UnstyledButton>
        </div>
      </header>
      {open && <div className={c.scrim} onClick={() => setOpen(false)} aria-hidden />}
      <aside className={c.side} data-open={open} aria-label={t('shell.sidebar')} ref={trap}>
        <div className={c.sideHead}>
          <Brand />
          <UnstyledButton className={c.close} aria-label={t('shell.close')} onClick={() => setOpen(false)}>
            <X size={18} aria-hidden />
          </UnstyledButton>
        </div>
        <UnstyledButton className={c.search} onClick={search}>
          <Search size={15} aria-hidden />
          <span>{t('shell.search')}</span>
          <Keys keys="mod+k" />
        </UnstyledButton>
        <nav className={c.nav} aria-label={t('shell.nav')}>
          {nav.map((part) => (
            <div key={part.word} className={c.part}>
              <h2>{t(part.word)}</h2>
              {part.pages.map(({ to, word, Icon }) => (
                <Link key={to} to={to} className={c.link} activeOptions={{ exact: to === '/', includeSearch: false }}>
                  <Icon size={17} strokeWidth={1.9} aria-hidden />
                  {t(word)}
                </Link>
              ))}
            </div>
          ))}
        </nav>
        <div className={c.foot}>
          <SnapshotStrip />
          <div className={c.footTools}>
            <Suspense>
              <SidebarTools onHelp={onHelp} />
            </Suspense>
          </div>
        </div>
      </aside>
    </>
  );
}
