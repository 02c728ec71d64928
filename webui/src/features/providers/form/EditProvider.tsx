import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useForm } from '@mantine/form';
import { useUpdate } from '@/api/useUpdate';
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
  const { edit, update, save } = useUpdate(ProviderService.method.updateProvider, {
    stored: provider,
    name,
    form,
    draftOf: valuesOf,
    differences,
    read,
    request: (draft, on, base) => ({
      provider: { ...providerOf(draft), etag: on.etag },
      updateMask: { paths: changedFields(valuesOf(base), draft).map((field) => FIELDS[field]) },
    }),
    result: (answer) => answer.provider,
    done: () => t('providers.saved', { name }),
  });
  const { base } = edit;

  return (
    <>
      <div className={c.layout}>
        <form
          className={c.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (edit.changes.length > 0) save(base);
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
            form={form}
            credentials={form.values.credentials.map((credential) => credential.name)}
            models={provider.models.map((model) => model.id)}
          />
        </div>
      </div>
      <EditBar edit={edit} update={update} onSave={save} />
      <LeaveGuard when={edit.changes.length > 0} />
    </>
  );
}
