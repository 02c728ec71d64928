import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useForm } from '@mantine/form';
import { useEffect, useState } from 'react';
import { useAction } from '@/api/useAction';
import { useConflict } from '@/api/useConflict';
import { PRESETS } from '@/gen/presets';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { SaveBar } from '@/ui/SaveBar';
import c from './form.module.css';
import { OtherErrors } from './OtherErrors';
import { ProviderFields } from './ProviderFields';
import { TestConnection } from './TestConnection';
import { useChanges } from './useChanges';
import { changedFields, FIELDS, providerOf, type Values, valuesOf } from './values';

/** Everything of a provider that one sets, with what is not saved yet and what others changed meanwhile. */
export function EditProvider({ provider }: { provider: Provider }) {
  const { t } = useI18n();
  const transport = useTransport();
  const describe = useChanges();
  /** What the edits are made on: the provider as it was when they began. */
  const [base, setBase] = useState(provider);
  const form = useForm<Values>({ initialValues: valuesOf(base) });
  const before = valuesOf(base);
  const changed = changedFields(before, form.values);

  const take = (next: Provider) => {
    setBase(next);
    form.setInitialValues(valuesOf(next));
    form.setValues(valuesOf(next));
    form.clearErrors();
  };
  const conflict = useConflict(async () => {
    const name = provider.name;
    return (await callUnaryMethod(transport, ProviderService.method.getProvider, { name })).provider;
  });
  const save = useAction(ProviderService.method.updateProvider, {
    form: { target: form, name: provider.name },
    done: () => t('providers.saved', { name: provider.name }),
    onDone: (result) => {
      conflict.settled();
      if (result.provider) take(result.provider);
    },
    onConflict: conflict.found,
  });
  const run = (etag: string) =>
    save.run({
      provider: { ...providerOf(form.values), etag },
      updateMask: { paths: changed.map((field) => FIELDS[field]) },
    });

  // While nothing is edited, the form shows what is.
  const isUntouched = changed.length === 0;
  useEffect(() => {
    if (isUntouched && provider.etag !== base.etag) take(provider);
  }, [provider, base.etag, isUntouched]);

  const theirs = conflict.theirs;
  return (
    <>
      <div className={c.layout}>
        <form
          className={c.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (changed.length > 0) run(base.etag);
          }}
        >
          <ProviderFields
            form={form}
            preset={PRESETS.find((preset) => preset.baseUrl === base.baseUrl)}
            stored={base}
          />
          <OtherErrors errors={form.errors} />
        </form>
        <div className={c.side}>
          <TestConnection
            name={provider.name}
            draft={() => ({ ...providerOf(form.values), models: provider.models })}
            credentials={form.values.credentials.map((credential) => credential.name)}
            models={provider.models.map((model) => model.id)}
          />
        </div>
      </div>
      <SaveBar
        changes={describe(before, form.values)}
        onSave={() => run(base.etag)}
        onDiscard={() => take(provider)}
        busy={save.busy}
        error={save.leftError}
        conflict={
          theirs && {
            changes: describe(before, valuesOf(theirs)),
            onReload: () => {
              conflict.settled();
              save.reset();
              take(theirs);
            },
            onOverwrite: () => run(theirs.etag),
          }
        }
      />
      <LeaveGuard when={changed.length > 0} />
    </>
  );
}
