import { useI18n } from '@/i18n';
import { PageHeader } from '@/ui/Page';
import { useTitle } from '@/ui/useTitle';

export function KeywordsPage() {
  const { t } = useI18n();
  useTitle(t('nav.keywords'));
  return <PageHeader title={t('nav.keywords')} lead={t('keywords.lead')} />;
}
