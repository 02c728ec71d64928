import { useI18n } from '@/i18n';
import { PageHeader } from '@/ui/Page';
import { useTitle } from '@/ui/useTitle';

export function PlaygroundPage() {
  const { t } = useI18n();
  useTitle(t('nav.playground'));
  return <PageHeader title={t('nav.playground')} lead={t('playground.lead')} />;
}
