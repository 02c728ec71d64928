import { useQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { PackageSearch } from 'lucide-react';
import { useState } from 'react';
import { toMs } from '@/api/duration';
import { useMay } from '@/api/role';
import type { ImportRun } from '@/gen/trunkline/admin/v1/import_pb';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { EmptyState } from '@/ui/States';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import c from './import.module.css';
import { RemoveModels } from './RemoveModels';

/** The last imports: when, whose, what they did or why they failed. */
export function Runs({ provider }: { provider: Provider }) {
  const { t, int, duration, rich } = useI18n();
  const navigate = useNavigate();
  const [undoing, setUndoing] = useState<ImportRun>();
  const runs = useQuery(ProviderService.method.listImports, { provider: provider.name, limit: 50 });
  const may = useMay();
  const { importModels, removeImportedModels } = ProviderService.method;
  const next = runs.data?.imports.find((run) => run.nextStartTime)?.nextStartTime;
  const left = (run: ImportRun) => provider.models.filter((model) => model.imported?.import === run.id).length;
  const columns: Column<ImportRun>[] = [
    {
      id: 'start',
      title: t('import.runs.when'),
      cell: (run) => run.startTime && <RelativeTime at={run.startTime} />,
    },
    {
      id: 'actor',
      title: t('import.runs.actor'),
      cell: (run) => (run.scheduled ? t('import.runs.schedule') : run.actor.replace(/^user:/, '')),
    },
    {
      id: 'result',
      title: t('import.runs.result'),
      phone: 'wide',
      cell: (run) =>
        run.error ? (
          <span className={c.error}>{run.error}</span>
        ) : (
          t('import.result', {
            added: int(run.counts?.added ?? 0),
            changed: int(run.counts?.changed ?? 0),
            gone: int(run.counts?.gone ?? 0),
          })
        ),
    },
    {
      id: 'listed',
      title: t('import.runs.listed'),
      align: 'right',
      cell: (run) => (run.counts ? int(run.counts.listed) : ''),
    },
    {
      id: 'took',
      title: t('import.runs.took'),
      align: 'right',
      cell: (run) => (run.duration ? duration(toMs(run.duration)) : ''),
    },
    {
      id: 'revision',
      title: t('import.runs.revision'),
      align: 'right',
      cell: (run) =>
        run.revision > 0n ? (
          <Link to="/history" search={{ revision: String(run.revision) }}>
            {String(run.revision)}
          </Link>
        ) : (
          ''
        ),
    },
    {
      id: 'undo',
      title: t('table.actions'),
      hideTitle: true,
      align: 'right',
      bare: true,
      cell: (run) =>
        may(removeImportedModels) &&
        left(run) > 0 && (
          <Button variant="subtle" size="compact-sm" color="red" onClick={() => setUndoing(run)}>
            {t('import.runs.remove')}
          </Button>
        ),
    },
  ];
  return (
    <>
      <DataTable
        label={t('import.runs.title')}
        columns={columns}
        rows={runs.data?.imports}
        rowKey={(run) => run.id}
        query={runs}
        tools={
          <>
            <b>{t('import.runs.title')}</b>
            {next && <span>{rich('import.runs.next', { time: <RelativeTime at={next} /> })}</span>}
          </>
        }
        empty={
          <EmptyState icon={<PackageSearch size={22} aria-hidden />} title={t('import.runs.none')}>
            {may(importModels) && (
              <Button onClick={() => navigate({ to: '/providers', search: { provider: provider.name, import: true } })}>
                {t('providers.import')}
              </Button>
            )}
          </EmptyState>
        }
      />
      {undoing && (
        <RemoveModels
          provider={provider.name}
          what={{ import: undoing.id }}
          title={t('import.undo')}
          onClose={() => setUndoing(undefined)}
        />
      )}
    </>
  );
}
