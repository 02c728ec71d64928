import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { Button, NumberInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import { NodeService } from '@/gen/trunkline/admin/v1/node_pb';
import { useI18n } from '@/i18n';
import { CodeBlock } from '@/ui/Code';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { FormError } from '@/ui/FormError';
import { DurationField } from '@/ui/fields/DurationField';
import { Fields } from '@/ui/fields/Form';
import { SecretDialog } from '@/ui/SecretDialog';

const HOUR = 3_600_000;
type Values = { note: string; ttl: number | undefined; maxUses: number };

/** Makes a join token, then shows it once with the command that starts a node with it. */
export function AddNode({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useI18n();
  const [secret, setSecret] = useState<string>();
  return (
    <>
      <Dialog opened={opened && secret === undefined} title={t('nodes.add')} onClose={onClose}>
        <AddForm onClose={onClose} onMade={setSecret} />
      </Dialog>
      <SecretDialog
        secret={secret}
        title={t('nodes.tokenMade')}
        onClose={() => {
          setSecret(undefined);
          onClose();
        }}
      >
        {secret && <CodeBlock label={t('nodes.joinCommand')} code={joinCommand(secret)} />}
      </SecretDialog>
    </>
  );
}

function AddForm({ onClose, onMade }: { onClose: () => void; onMade: (secret: string) => void }) {
  const { t } = useI18n();
  const form = useForm<Values>({ initialValues: { note: '', ttl: HOUR, maxUses: 1 } });
  const create = useAction(NodeService.method.createJoinToken, {
    form: { target: form, name: '' },
    onDone: (r) => onMade(r.secret),
  });
  const submit = form.onSubmit(({ note, ttl, maxUses }) =>
    create.run({ note: note.trim(), maxUses, ttl: ttl === undefined ? undefined : durationFromMs(ttl) }),
  );
  return (
    <form onSubmit={submit}>
      <Fields>
        <TextInput
          label={t('nodes.note')}
          description={t('nodes.noteHow')}
          maxLength={256}
          data-autofocus
          {...form.getInputProps('note')}
        />
        <DurationField
          label={t('nodes.ttl')}
          description={t('nodes.ttlHow')}
          value={form.values.ttl}
          onChange={(ms) => form.setFieldValue('ttl', ms)}
          units={['min', 'h']}
          error={form.errors.ttl}
        />
        <NumberInput
          label={t('nodes.maxUses')}
          description={t('nodes.maxUsesHow')}
          min={1}
          max={1000}
          {...form.getInputProps('maxUses')}
        />
      </Fields>
      <FormError error={create.leftError} />
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" loading={create.busy}>
          {t('nodes.makeToken')}
        </Button>
      </DialogActions>
    </form>
  );
}

/** Starts a node that joins; the node link listens beside the console. */
export function joinCommand(secret: string) {
  return `TRUNKLINE_JOIN_TOKEN=${secret} \\
TRUNKLINE_CONTROL_PLANE=${window.location.hostname}:8002 \\
trunkline-dataplane`;
}
