import { ShieldAlert } from 'lucide-react';
import { useI18n } from '@/i18n';
import c from './shell.module.css';

/** Anybody who knows the manual could sign in; this says so on every page until it is changed. */
export function DefaultPasswordNote() {
  const { t } = useI18n();
  return (
    <div className={c.warning} role="note">
      <ShieldAlert size={17} aria-hidden />
      <span>
        <b>{t('shell.defaultPassword')}</b> {t('shell.defaultPasswordHow')}
      </span>
    </div>
  );
}
