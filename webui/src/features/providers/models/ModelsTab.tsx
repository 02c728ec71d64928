import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { Boxes, ListPlus, Share } from 'lucide-react';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import { useConflict } from '@/api/useConflict';
import type { ProviderHealth } from '@/gen/trunkline/admin/v1/health_pb';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { FilterBox, matches } from '@/ui/FilterBox';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { SaveBar } from '@/ui/SaveBar';
import { EmptyState } from '@/ui/States';
import { DataTable } from '@/ui/table/DataTable';
import { RulesDialog } from '../rules/RulesDialog';
import { AddModels } from './AddModels';
import { BulkPrice } from './BulkPrice';
import { type Draft, documentOf, EMPTY, edit, newModel, pricesWith, remove, rowsOf } from './draft';
import { ExportModels } from './ExportModels';
import { ModelTools } from './ModelTools';
import { draftBetween, modelChanges } from './modelChanges';
import { modelErrors } from './modelErrors';
import c from './models.module.css';
import { useModelColumns } from './useModelColumns';

/** What the account offers: names, prices, context windows; edited in place, saved together. */
export function ModelsTab({
  provider,
  health,
  at,
}: {
  provider: Provider;
  health: ProviderHealth | undefined;
  at: number;
}) {
  const i18n = useI18n();
  const { t } = i18n;
  const transport = useTransport();
  const { name } = provider;
  /** What the edits are made on. */
  const [base, setBase] = useState(provider);
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [editing, setEditing] = useState<ReadonlySet<string>>(new Set());
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [filter, setFilter] = useState('');
  const [ruled, setRuled] = useState<string>();
  const [dialog, setDialog] = useState<'price' | 'add' | 'export'>();

  const changes = modelChanges(i18n, base.models, draft);
  const current = changes.length > 0 ? base : provider;
  const rows = rowsOf(current.models, draft);
  const shown = rows.filter((row) => matches(filter, row.values.id, row.values.alias));

  const start = (next: Draft) => {
    // The first edit fixes what it is made on: a save is refused when someone else was faster.
    if (changes.length === 0) setBase(provider);
    setDraft(next);
  };
  const drop = () => {
    setDraft(EMPTY);
    setEditing(new Set());
    setPicked(new Set());
  };
  const conflict = useConflict(async () => {
    return (await callUnaryMethod(transport, ProviderService.method.getProvider, { name })).provider;
  });
  const save = useAction(ProviderService.method.updateProvider, {
    quiet: true,
    done: () => t('providers.saved', { name }),
    onDone: (result) => {
      conflict.settled();
      if (result.provider) setBase(result.provider);
      drop();
    },
    onConflict: conflict.found,
  });
  const sent = documentOf(base.models, draft);
  const { atRow, rest } = modelErrors(
    save.error,
    name,
    sent.map((model) => model.id ?? ''),
  );
  const run = (on: Provider) =>
    save.run({
      provider: { name, etag: on.etag, models: documentOf(on.models, draft) },
      updateMask: { paths: ['models'] },
    });
  const columns = useModelColumns({
    health,
    at,
    errors: atRow,
    isFixed: !save.allowed,
    editing,
    picked,
    onPick: setPicked,
    onRules: setRuled,
    onEdit: (id) => setEditing(new Set([...editing, id])),
    onChange: (values) => start(edit(draft, base.models, values)),
    onRemove: (id) => start(remove(draft, new Set([id]))),
    onKeep: (id) => start({ ...draft, removed: new Set([...draft.removed].filter((other) => other !== id)) }),
  });
  const close = () => setDialog(undefined);
  const theirs = conflict.theirs;

  return (
    <>
      <div className={c.tools}>
        <FilterBox value={filter} onChange={setFilter} label={t('providers.filterModels')} />
        {save.allowed && (
          <Button variant="default" leftSection={<ListPlus size={15} aria-hidden />} onClick={() => setDialog('add')}>
            {t('providers.addModels')}
          </Button>
        )}
        <Button
          variant="default"
          leftSection={<Share size={15} aria-hidden />}
          disabled={rows.length === 0}
          onClick={() => setDialog('export')}
        >
          {t('providers.export')}
        </Button>
      </div>
      <DataTable
        label={t('providers.tab.models')}
        columns={columns}
        rows={shown}
        rowKey={(row) => row.values.id}
        remember="provider-models"
        rowHeight={56}
        tools={
          <ModelTools
            n={rows.length}
            isFixed={!save.allowed}
            shown={shown.map((row) => row.values.id)}
            picked={picked}
            onPick={setPicked}
            onPrice={() => setDialog('price')}
            onRemove={() => {
              start(remove(draft, picked));
              setPicked(new Set());
            }}
          />
        }
        empty={
          <EmptyState
            icon={<Boxes size={22} aria-hidden />}
            title={rows.length > 0 ? t('list.noMatch') : t('providers.noModels')}
          >
            {rows.length === 0 && <p>{t('providers.noModelsHow')}</p>}
          </EmptyState>
        }
      />
      {rows
        .filter((row) => row.values.id === ruled)
        .map(({ values }) => (
          <RulesDialog
            key={values.id}
            model={values.id}
            rules={values.rules}
            onClose={() => setRuled(undefined)}
            onApply={(rules) => {
              start(edit(draft, base.models, { ...values, rules }));
              setRuled(undefined);
            }}
          />
        ))}
      {dialog === 'price' && (
        <BulkPrice
          n={picked.size}
          onClose={close}
          onApply={(prices) => {
            let next = draft;
            for (const { values } of rows.filter((row) => picked.has(row.values.id))) {
              next = edit(next, base.models, { ...values, price: pricesWith(values.price, prices) });
            }
            start(next);
            close();
          }}
        />
      )}
      {dialog === 'add' && (
        <AddModels
          taken={new Set(rows.map((row) => row.values.id))}
          onClose={close}
          onAdd={(ids) => {
            start({ ...draft, added: [...draft.added, ...ids.map(newModel)] });
            setEditing(new Set([...editing, ...ids.slice(0, 20)]));
            close();
          }}
        />
      )}
      {dialog === 'export' && <ExportModels models={shown.map((row) => row.values)} onClose={close} />}
      <SaveBar
        changes={changes}
        onSave={() => run(base)}
        onDiscard={() => {
          save.reset();
          drop();
        }}
        busy={save.busy}
        error={rest}
        conflict={
          theirs && {
            changes: modelChanges(i18n, base.models, draftBetween(base, theirs)),
            onReload: () => {
              conflict.settled();
              save.reset();
              setBase(theirs);
              drop();
            },
            onOverwrite: () => run(theirs),
          }
        }
      />
      <LeaveGuard when={changes.length > 0} />
    </>
  );
}
