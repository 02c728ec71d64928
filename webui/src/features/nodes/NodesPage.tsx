import { useI18n } from '@/i18n';
import { PageHeader } from '@/ui/Page';
import { useTitle } from '@/ui/useTitle';

export function NodesPage() {
  const { t } = useI18n();
  useTitle(t('nav.nodes'));
  return <PageHeader title={t('nav.nodes')} lead={t('nodes.lead')} />;
}
