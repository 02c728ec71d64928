import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useForm } from '@mantine/form';
import { useUpdate } from '@/api/useUpdate';
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
  const { edit, update, save } = useUpdate(KeyService.method.updateApiKey, {
    stored: apiKey,
    name,
    form,
    draftOf,
    differences,
    read,
    request: (draft, on, base) => ({
      apiKey: { ...messageOf(draft, base), etag: on.etag },
      updateMask: { paths: PATHS },
    }),
    result: (answer) => answer.apiKey,
    done: () => t('keys.saved', { name }),
    onSaved: (_, isTyped) => isTyped || onSaved(),
  });
  return (
    <form onSubmit={form.onSubmit(() => save(edit.base))}>
      <Editable call={KeyService.method.updateApiKey}>
        <KeyForm form={form} isNew={false} />
      </Editable>
      <EditBar edit={edit} update={update} onSave={save} />
    </form>
  );
}
