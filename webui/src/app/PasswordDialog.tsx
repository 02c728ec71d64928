import { useI18n } from '@/i18n';
import { Dialog } from '@/ui/Dialog';
import { PasswordForm } from '@/ui/PasswordForm';

/** Changes the password from anywhere in the console. */
export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  return (
    <Dialog opened title={t('password.change')} onClose={onClose} size={420}>
      <PasswordForm onDone={onClose} cancel={{ label: t('action.cancel'), onCancel: onClose }} />
    </Dialog>
  );
}
