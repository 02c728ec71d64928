import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useForm } from '@mantine/form';
import { useUpdate } from '@/api/useUpdate';
import { type AlertChannel, AlertChannelService } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import { useI18n } from '@/i18n';
import { EditBar } from '@/ui/EditBar';
import { Editable } from '@/ui/fields/Editable';
import { ChannelForm } from './ChannelForm';
import { type Draft, draftOf, messageOf } from './draft';
import { useDifferences } from './useDifferences';

/** The fields of a stored channel. */
export function EditChannel({ channel, onSaved }: { channel: AlertChannel; onSaved: () => void }) {
  const { t } = useI18n();
  const { name } = channel;
  const transport = useTransport();
  const differences = useDifferences();
  const form = useForm<Draft>({ initialValues: draftOf(channel) });
  const read = async () =>
    (await callUnaryMethod(transport, AlertChannelService.method.getAlertChannel, { name })).alertChannel;
  const { edit, update, save } = useUpdate(AlertChannelService.method.updateAlertChannel, {
    stored: channel,
    name,
    form,
    draftOf,
    differences,
    read,
    request: (draft, on) => ({ alertChannel: messageOf(draft, on.etag) }),
    result: (answer) => answer.alertChannel,
    done: () => t('alerts.saved', { name }),
    onSaved: (_, isTyped) => isTyped || onSaved(),
  });
  return (
    <form onSubmit={form.onSubmit(() => save(edit.base))}>
      <Editable call={AlertChannelService.method.updateAlertChannel}>
        <ChannelForm form={form} stored={edit.base} />
      </Editable>
      <EditBar edit={edit} update={update} onSave={save} />
    </form>
  );
}
