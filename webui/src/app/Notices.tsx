import { Notifications } from '@mantine/notifications';
import { useI18n } from '@/i18n';

/** Where results of actions appear. */
export function Notices() {
  const { t } = useI18n();
  return (
    <section aria-label={t('shell.notices')}>
      <Notifications position="bottom-right" limit={4} containerWidth={380} withinPortal={false} />
    </section>
  );
}
