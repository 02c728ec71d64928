import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { useForm } from '@mantine/form';
import { Boxes, ListPlus, Share } from 'lucide-react';
import { useState } from 'react';
import { useUpdate } from '@/api/useUpdate';
import type { ProviderHealth } from '@/gen/trunkline/admin/v1/health_pb';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { EditBar } from '@/ui/EditBar';
import { FilterBox, matches } from '@/ui/FilterBox';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { EmptyState } from '@/ui/States';
import { DataTable } from '@/ui/table/DataTable';
import { RulesDialog } from '../rules/RulesDialog';
import { AddModels } from './AddModels';
import { BulkPrice } from './BulkPrice';
import {
  add,
  change,
  type Draft,
  documentOf,
  draftOf,
  type ModelValues,
  newModel,
  pricesWith,
  rebase,
  remove,
  rowsOf,
  valuesOf,
} from './draft';
import { ExportModels } from './ExportModels';
import { ModelTools } from './ModelTools';
import { modelChanges } from './modelChanges';
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
  const form = useForm<Draft>({ initialValues: draftOf(provider) });
  const [editing, setEditing] = useState<ReadonlySet<string>>(new Set());
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [filter, setFilter] = useState('');
  const [ruled, setRuled] = useState<string>();
  const [dialog, setDialog] = useState<'price' | 'add' | 'export'>();
  const rest = () => {
    setEditing(new Set());
    setPicked(new Set());
  };
  const { edit, update, save } = useUpdate(ProviderService.method.updateProvider, {
    stored: provider,
    name,
    form,
    draftOf,
    differences: (before, after) => modelChanges(i18n, before, after),
    merge: rebase,
    read: async () => (await callUnaryMethod(transport, ProviderService.method.getProvider, { name })).provider,
    // Over what someone else made of it, only what was changed here is saved.
    request: (draft, on, base) => ({
      provider: { name, etag: on.etag, models: documentOf(rebase(draftOf(base), draft, draftOf(on))) },
      updateMask: { paths: ['models'] },
    }),
    result: (answer) => answer.provider,
    done: () => t('providers.saved', { name }),
    onSaved: (_, isTyped) => isTyped || rest(),
  });

  const draft = form.values;
  const start = (next: Draft) => form.setValues(next);
  const rows = rowsOf(edit.base.models, draft);
  const shown = rows.filter((row) => matches(filter, row.values.id, row.values.alias));
  const before = draftOf(edit.base);
  const sent = update.error ? rebase(before, draft, before).models : [];
  const errors = modelErrors(
    update.error,
    name,
    sent.map((model) => model.id),
  );
  const columns = useModelColumns({
    health,
    at,
    errors: errors.atRow,
    isFixed: !update.allowed,
    editing,
    picked,
    onPick: setPicked,
    onRules: setRuled,
    onEdit: (id) => setEditing(new Set([...editing, id])),
    onChange: (values) => start(change(draft, values)),
    onRemove: (id) => start(remove(draft, new Set([id]))),
    onKeep: (id) => start(add(draft, edit.base.models.filter((model) => model.id === id).map(valuesOf))),
  });
  const changePicked = (to: (values: ModelValues) => ModelValues) =>
    start(change(draft, ...draft.models.filter(({ id }) => picked.has(id)).map(to)));
  const close = () => setDialog(undefined);
  const withRest =
    <A extends unknown[]>(then: (...args: A) => void) =>
    (...args: A) => {
      rest();
      then(...args);
    };

  return (
    <>
      <div className={c.tools}>
        <FilterBox value={filter} onChange={setFilter} label={t('providers.filterModels')} />
        {update.allowed && (
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
            isFixed={!update.allowed}
            shown={shown.map((row) => row.values.id)}
            picked={picked}
            onPick={setPicked}
            onEnable={(enabled) => changePicked((values) => ({ ...values, enabled }))}
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
              start(change(draft, { ...values, rules }));
              setRuled(undefined);
            }}
          />
        ))}
      {dialog === 'price' && (
        <BulkPrice
          n={picked.size}
          onClose={close}
          onApply={(prices) => {
            changePicked((values) => ({ ...values, price: pricesWith(values.price, prices) }));
            close();
          }}
        />
      )}
      {dialog === 'add' && (
        <AddModels
          taken={new Set(rows.map((row) => row.values.id))}
          onClose={close}
          onAdd={(ids) => {
            start(add(draft, ids.map(newModel)));
            setEditing(new Set([...editing, ...ids.slice(0, 20)]));
            close();
          }}
        />
      )}
      {dialog === 'export' && <ExportModels models={shown.map((row) => row.values)} onClose={close} />}
      <EditBar
        edit={{ ...edit, discard: withRest(edit.discard), take: withRest(edit.take) }}
        update={{ ...update, leftError: errors.rest }}
        onSave={save}
      />
      <LeaveGuard when={edit.changes.length > 0} />
    </>
  );
}
