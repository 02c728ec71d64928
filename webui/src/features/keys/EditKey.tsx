import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useForm } from '@mantine/form';
import { useAction } from '@/api/useAction';
import { useEdit } from '@/api/useEdit';
import { type ApiKey, KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { useI18n } from '@/i18n';
import { EditBar } from '@/ui/EditBar';
import { Editable } from '@/ui/fields/Editable';
import { type Draft, draftOf, messageOf } from './draft';
import { KeyForm } from './KeyForm';
import { useDifferences } from './useDifferences';

/** What the form has: disabling, rotating and revoking are actions of their own. */
const PATHS = ['groups', 'owner', 'tags', 'expire_time', 'limits', 'budget', 'allowed_ips', 'request_options', 'debug'];

/** The fields of a stored key. */
export function EditKey({ apiKey, onSaved }: { apiKey: ApiKey; onSaved: () => void }) {
  const { t } = useI18n();
  const { name } = apiKey;
  const transport = useTransport();
  const differences = useDifferences();
  const form = useForm<Draft>({ initialValues: draftOf(apiKey) });
  const read = async () => (await callUnaryMethod(transport, KeyService.method.getApiKey, { name })).apiKey;
  const edit = useEdit({ stored: apiKey, form, draftOf, differences, read });
  const update = useAction(KeyService.method.updateApiKey, {
    form: { target: form, name },
    onConflict: edit.found,
    done: () => t('keys.saved', { name }),
    onDone: onSaved,
  });
  const run = (from: ApiKey) => {
    const message = { ...messageOf(form.values, edit.base), etag: from.etag };
    update.run({ apiKey: message, updateMask: { paths: PATHS } });
  };
  return (
    <form onSubmit={form.onSubmit(() => run(edit.base))}>
      <Editable call={KeyService.method.updateApiKey}>
        <KeyForm form={form} isNew={false} />
      </Editable>
      <EditBar edit={edit} update={update} onSave={run} />
    </form>
  );
}
