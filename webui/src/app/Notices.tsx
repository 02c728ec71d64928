import { MantineThemeProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { useI18n } from '@/i18n';

/** Where results of actions appear. */
export function Notices() {
  const { t } = useI18n();
  const closeButtonProps = { 'aria-label': t('action.close') };
  return (
    <section aria-label={t('shell.notices')}>
      <MantineThemeProvider theme={{ components: { Notification: { defaultProps: { closeButtonProps } } } }}>
        <Notifications position="bottom-right" limit={4} containerWidth={380} withinPortal={false} />
      </MantineThemeProvider>
    </section>
  );
}
