import { useQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import { type AlertChannel, AlertChannelService } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { ForRole } from '@/ui/ForRole';
import { Loaded } from '@/ui/Loaded';
import { Panel } from '@/ui/Panel';
import c from './alerts.module.css';
import { EditChannel } from './EditChannel';
import { NewChannel } from './NewChannel';

/** An alert channel being made or changed, beside the list. */
export function ChannelPanel({
  isNew,
  name,
  onClose,
}: {
  isNew: boolean;
  name: string | undefined;
  onClose: () => void;
}) {
  const { t } = useI18n();
  return (
    <Panel
      opened={isNew || name !== undefined}
      title={isNew ? t('alerts.add') : (name ?? '')}
      sub={isNew ? undefined : t('alerts.one')}
      onClose={onClose}
    >
      {isNew ? (
        <ForRole call={AlertChannelService.method.createAlertChannel}>
          <NewChannel onSaved={onClose} onCancel={onClose} />
        </ForRole>
      ) : (
        name !== undefined && <Existing key={name} name={name} onClose={onClose} />
      )}
    </Panel>
  );
}

function Existing({ name, onClose }: { name: string; onClose: () => void }) {
  const query = useQuery(AlertChannelService.method.getAlertChannel, { name });
  return (
    <Loaded query={query}>
      {({ alertChannel }) =>
        alertChannel && (
          <>
            <EditChannel channel={alertChannel} onSaved={onClose} />
            <Delete channel={alertChannel} onDone={onClose} />
          </>
        )
      }
    </Loaded>
  );
}

function Delete({ channel, onDone }: { channel: AlertChannel; onDone: () => void }) {
  const { t } = useI18n();
  const [asked, setAsked] = useState(false);
  const { name, etag } = channel;
  const remove = useAction(AlertChannelService.method.deleteAlertChannel, {
    onDone,
    done: () => t('alerts.deleted', { name }),
    quiet: true,
  });
  if (!remove.allowed) return null;
  return (
    <>
      <Button className={c.delete} variant="subtle" color="red" onClick={() => setAsked(true)}>
        {t('alerts.delete')}
      </Button>
      <ConfirmDialog
        opened={asked}
        title={t('alerts.deleteTitle', { name })}
        confirm={t('alerts.delete')}
        onConfirm={() => remove.run({ name, etag })}
        onClose={() => setAsked(false)}
        busy={remove.busy}
        error={remove.error}
      >
        <p>{t('alerts.deleteText')}</p>
      </ConfirmDialog>
    </>
  );
}
