import { Button } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useAction } from '@/api/useAction';
import { AlertChannelService } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import { useI18n } from '@/i18n';
import { FormError } from '@/ui/FormError';
import { SentFields } from '@/ui/fields/SentFields';
import c from './alerts.module.css';
import { ChannelForm } from './ChannelForm';
import { type Draft, emptyDraft, messageOf } from './draft';

/** A channel that is not there yet. */
export function NewChannel({ onSaved, onCancel }: { onSaved: () => void; onCancel: () => void }) {
  const { t } = useI18n();
  const form = useForm<Draft>({ initialValues: emptyDraft });
  const create = useAction(AlertChannelService.method.createAlertChannel, {
    form: { target: form, name: '' },
    onDone: onSaved,
    done: () => t('alerts.created', { name: form.values.name.trim() }),
  });
  return (
    <form onSubmit={form.onSubmit((draft) => create.run({ alertChannel: messageOf(draft) }))}>
      <SentFields busy={create.busy}>
        <ChannelForm form={form} />
      </SentFields>
      <FormError error={create.leftError} />
      <div className={c.actions}>
        <Button variant="default" onClick={onCancel}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" loading={create.busy}>
          {t('alerts.create')}
        </Button>
      </div>
    </form>
  );
}
