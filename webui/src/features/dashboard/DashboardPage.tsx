import { useI18n } from '@/i18n';
import { PageHeader } from '@/ui/Page';
import { SkeletonBlock } from '@/ui/States';
import { useTitle } from '@/ui/useTitle';
import { Board } from './Board';
import { Checklist } from './setup/Checklist';
import { useSetup } from './setup/useSetup';

/** The first page: how traffic goes, and on an empty installation the way to the first call. */
export function DashboardPage() {
  const { t } = useI18n();
  const setup = useSetup();
  useTitle(t('nav.dashboard'));
  if (setup.called) return <Board />;
  return (
    <>
      <PageHeader title={t('nav.dashboard')} />
      {setup.called === undefined ? <SkeletonBlock height={124} /> : <Checklist setup={setup} />}
    </>
  );
}
