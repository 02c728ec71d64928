import { useI18n } from '@/i18n';
import { PageHeader } from '@/ui/Page';
import { useTitle } from '@/ui/useTitle';

export function HistoryPage() {
  const { t } = useI18n();
  useTitle(t('nav.history'));
  return <PageHeader title={t('nav.history')} lead={t('history.lead')} />;
}
