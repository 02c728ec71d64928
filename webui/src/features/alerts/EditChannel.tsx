import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useForm } from '@mantine/form';
import { useAction } from '@/api/useAction';
import { useEdit } from '@/api/useEdit';
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
  const edit = useEdit({ stored: channel, form, draftOf, differences, read });
  const update = useAction(AlertChannelService.method.updateAlertChannel, {
    form: { target: form, name },
    onConflict: edit.found,
    done: () => t('alerts.saved', { name }),
    onDone: onSaved,
  });
  const run = (from: AlertChannel) => {
    update.run({ alertChannel: messageOf(form.values, from.etag) });
  };
  return (
    <form onSubmit={form.onSubmit(() => run(edit.base))}>
      <Editable call={AlertChannelService.method.updateAlertChannel}>
        <ChannelForm form={form} stored={edit.base} />
      </Editable>
      <EditBar edit={edit} update={update} onSave={run} />
    </form>
  );
}
