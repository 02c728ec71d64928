import { Eye } from 'lucide-react';
import { useI18n } from '@/i18n';
import c from './shell.module.css';

/** Says on every page why changes are refused. */
export function ViewerNote() {
  const { t } = useI18n();
  return (
    <div className={c.warning} role="note">
      <Eye size={17} aria-hidden />
      <span>{t('people.readOnly')}</span>
    </div>
  );
}
