import { useGateway, useNodes, useWhoAmI } from '@/api/queries';
import { useI18n } from '@/i18n';
import { CopyAction } from '@/ui/Code';
import { Card, Facts } from '@/ui/Page';

/** What runs here, and where clients find it. */
export function AboutSection() {
  const { t, int } = useI18n();
  const who = useWhoAmI().data;
  const gateway = useGateway();
  const revision = useNodes().data?.revision;
  const api = `${gateway}/v1`;
  return (
    <Card title="Trunkline">
      <Facts
        rows={[
          { name: t('settings.version'), value: <span className="mono">{who?.version ?? '–'}</span> },
          { name: t('settings.revision'), value: revision === undefined ? '–' : int(revision) },
          { name: t('settings.api'), value: <span className="mono">{api}</span>, note: <CopyAction value={api} /> },
          { name: t('settings.licence'), value: 'Apache 2.0' },
        ]}
      />
    </Card>
  );
}
