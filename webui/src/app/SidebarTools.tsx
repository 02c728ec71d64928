import { UnstyledButton } from '@mantine/core';
import { Keyboard } from 'lucide-react';
import { useI18n } from '@/i18n';
import { Preferences } from '@/ui/Preferences';
import c from './shell.module.css';
import { UserMenu } from './UserMenu';

/** At the foot of the sidebar: language, theme, shortcuts and the signed-in person. */
export function SidebarTools({ onHelp }: { onHelp: () => void }) {
  const { t } = useI18n();
  return (
    <>
      <Preferences />
      <UnstyledButton className={c.tool} aria-label={t('shortcuts.title')} onClick={onHelp}>
        <Keyboard size={16} aria-hidden />
      </UnstyledButton>
      <UserMenu />
    </>
  );
}
