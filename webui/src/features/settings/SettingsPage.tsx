import { useI18n } from '@/i18n';
import { PageHeader } from '@/ui/Page';
import { useTitle } from '@/ui/useTitle';

export function SettingsPage() {
  const { t } = useI18n();
  useTitle(t('nav.settings'));
  return <PageHeader title={t('nav.settings')} lead={t('settings.lead')} />;
}
