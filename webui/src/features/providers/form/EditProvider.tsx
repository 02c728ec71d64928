import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useForm } from '@mantine/form';
import { useAction } from '@/api/useAction';
import { useEdit } from '@/api/useEdit';
import { PRESETS } from '@/gen/presets';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { EditBar } from '@/ui/EditBar';
import { Editable } from '@/ui/fields/Editable';
import { LeaveGuard } from '@/ui/LeaveGuard';
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
  const { name } = provider;
  const differences = useChanges();
  const form = useForm<Values>({ initialValues: valuesOf(provider) });
  const read = async () => (await callUnaryMethod(transport, ProviderService.method.getProvider, { name })).provider;
  const edit = useEdit({ stored: provider, form, draftOf: valuesOf, differences, read });
  const { base } = edit;
  const save = useAction(ProviderService.method.updateProvider, {
    form: { target: form, name },
    done: () => t('providers.saved', { name }),
    onDone: (result) => {
      if (result.provider) edit.take(result.provider);
    },
    onConflict: edit.found,
  });
  const run = ({ etag }: Provider) =>
    save.run({
      provider: { ...providerOf(form.values), etag },
      updateMask: { paths: changedFields(valuesOf(base), form.values).map((field) => FIELDS[field]) },
    });

  return (
    <>
      <div className={c.layout}>
        <form
          className={c.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (edit.changes.length > 0) run(base);
          }}
        >
          <Editable call={ProviderService.method.updateProvider}>
            <ProviderFields
              form={form}
              preset={PRESETS.find((preset) => preset.baseUrl === base.baseUrl)}
              stored={base}
            />
          </Editable>
          <OtherErrors errors={form.errors} />
        </form>
        <div className={c.side}>
          <TestConnection
            name={name}
            draft={() => ({ ...providerOf(form.values), models: provider.models })}
            credentials={form.values.credentials.map((credential) => credential.name)}
            models={provider.models.map((model) => model.id)}
          />
        </div>
      </div>
      <EditBar edit={edit} update={save} onSave={run} />
      <LeaveGuard when={edit.changes.length > 0} />
    </>
  );
}
