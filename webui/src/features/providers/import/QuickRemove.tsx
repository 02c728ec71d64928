import { Button } from '@mantine/core';
import { useState } from 'react';
import { useMay } from '@/api/role';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { Card } from '@/ui/Page';
import c from './import.module.css';
import { RemoveModels, type What } from './RemoveModels';

/** Takes out what imports brought, in one go; models that someone wrote stay. */
export function QuickRemove({ provider }: { provider: Provider }) {
  const { t, int } = useI18n();
  const [asking, setAsking] = useState<{ what: What; title: string }>();
  const may = useMay();
  if (!may(ProviderService.method.removeImportedModels)) return null;
  const imported = provider.models.filter((model) => model.imported !== undefined);
  const gone = imported.filter((model) => model.imported?.goneTime !== undefined);
  const credentials = [...new Set(imported.map((model) => model.imported?.credential ?? ''))].filter(Boolean);
  const row = (title: string, n: number, what: What) => (
    <Button key={title} variant="default" disabled={n === 0} onClick={() => setAsking({ what, title })}>
      {title} ({int(n)})
    </Button>
  );
  return (
    <Card title={t('import.quick.title')} sub={t('import.quick.sub')}>
      <div className={c.row}>
        {row(t('import.quick.gone'), gone.length, { gone: true })}
        {credentials.map((name) =>
          row(
            t('import.quick.credential', { name }),
            imported.filter((model) => model.imported?.credential === name).length,
            { credential: name },
          ),
        )}
        {row(t('import.quick.all'), imported.length, {})}
      </div>
      {asking && (
        <RemoveModels
          provider={provider.name}
          what={asking.what}
          title={asking.title}
          onClose={() => setAsking(undefined)}
        />
      )}
    </Card>
  );
}
