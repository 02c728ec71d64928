import { Button } from '@mantine/core';
import { ShieldAlert } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { useI18n } from '@/i18n';
import c from './shell.module.css';

const PasswordDialog = lazy(() => import('./PasswordDialog').then((m) => ({ default: m.PasswordDialog })));

/** Anybody who knows the manual could sign in; this says so on every page until it is changed. */
export function DefaultPasswordNote({ canChange }: { canChange: boolean }) {
  const { t, sentences } = useI18n();
  const [open, setOpen] = useState(false);
  return (
    <div className={c.warning} role="note">
      <ShieldAlert size={17} aria-hidden />
      <span>
        {sentences(
          <b>{t('shell.defaultPassword')}</b>,
          t(canChange ? 'shell.defaultPasswordWhy' : 'shell.defaultPasswordHow'),
        )}
      </span>
      {canChange && (
        <Button variant="default" size="compact-sm" onClick={() => setOpen(true)}>
          {t('password.change')}
        </Button>
      )}
      <Suspense>{open && <PasswordDialog onClose={() => setOpen(false)} />}</Suspense>
    </div>
  );
}
