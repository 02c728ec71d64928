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
import { ForRole } from '@/ui/ForRole';
import { DurationField } from '@/ui/fields/DurationField';
import { Fields } from '@/ui/fields/Form';
import { SentFields } from '@/ui/fields/SentFields';
import { SecretDialog } from '@/ui/SecretDialog';

const HOUR = 3_600_000;
type Values = { node: string; note: string; ttl: number | undefined; maxUses: number };

/** Makes a join token, then shows it once with the command that starts a node with it. */
export function AddNode({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useI18n();
  const [made, setMade] = useState<{ secret: string; node: string }>();
  const secret = made?.secret;
  return (
    <>
      <Dialog opened={opened && secret === undefined} title={t('nodes.add')} onClose={onClose}>
        <ForRole call={NodeService.method.createJoinToken}>
          <AddForm onClose={onClose} onMade={setMade} />
        </ForRole>
      </Dialog>
      <SecretDialog
        secret={secret}
        title={t('nodes.tokenMade')}
        onClose={() => {
          setMade(undefined);
          onClose();
        }}
      >
        {made && <CodeBlock label={t('nodes.joinCommand')} code={joinCommand(made.secret, made.node)} />}
      </SecretDialog>
    </>
  );
}

function AddForm({
  onClose,
  onMade,
}: {
  onClose: () => void;
  onMade: (made: { secret: string; node: string }) => void;
}) {
  const { t } = useI18n();
  const form = useForm<Values>({ initialValues: { node: '', note: '', ttl: HOUR, maxUses: 1 } });
  const create = useAction(NodeService.method.createJoinToken, {
    form: { target: form, name: '' },
    onDone: (r) => onMade({ secret: r.secret, node: r.joinToken?.node ?? '' }),
  });
  const submit = form.onSubmit(({ node, note, ttl, maxUses }) =>
    create.run({
      node: node.trim(),
      note: note.trim(),
      maxUses,
      ttl: ttl === undefined ? undefined : durationFromMs(ttl),
    }),
  );
  return (
    <form onSubmit={submit}>
      <SentFields busy={create.busy}>
        <Fields>
          <TextInput
            label={t('nodes.note')}
            description={t('nodes.noteHow')}
            maxLength={256}
            data-autofocus
            {...form.getInputProps('note')}
          />
          <TextInput
            label={t('nodes.onlyNode')}
            description={t('nodes.onlyNodeHow')}
            maxLength={128}
            {...form.getInputProps('node')}
          />
          <DurationField
            label={t('nodes.ttl')}
            description={t('nodes.ttlHow')}
            value={form.values.ttl}
            onChange={(ms) => form.setFieldValue('ttl', ms)}
            units={['min', 'h']}
            error={form.errors.ttl}
            data-path="ttl"
          />
          <NumberInput
            label={t('nodes.maxUses')}
            description={t('nodes.maxUsesHow')}
            min={1}
            max={1000}
            {...form.getInputProps('maxUses')}
          />
        </Fields>
      </SentFields>
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
export function joinCommand(secret: string, node: string) {
  const named = node === '' ? '' : `TRUNKLINE_NODE='${node.replaceAll("'", `'\\''`)}' \\\n`;
  return `TRUNKLINE_JOIN_TOKEN=${secret} \\
${named}TRUNKLINE_CONTROL_PLANE=${window.location.hostname}:8002 \\
trunkline-dataplane`;
}
