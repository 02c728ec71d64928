import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Button, Switch, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import { TokenService } from '@/gen/trunkline/admin/v1/session_pb';
import { useI18n } from '@/i18n';
import { CodeBlock } from '@/ui/Code';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { FormError } from '@/ui/FormError';
import { Fields } from '@/ui/fields/Form';
import { SecretDialog } from '@/ui/SecretDialog';

/** Makes a token of the admin API and shows it once. */
export function NewToken({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useI18n();
  const [secret, setSecret] = useState<string>();
  return (
    <>
      <Dialog opened={opened && secret === undefined} title={t('settings.newToken')} onClose={onClose}>
        <Form onClose={onClose} onMade={setSecret} />
      </Dialog>
      <SecretDialog
        secret={secret}
        title={t('settings.tokenMade')}
        onClose={() => {
          setSecret(undefined);
          onClose();
        }}
      >
        {secret && <CodeBlock label={t('snippet.shell')} code={cliCommand(secret)} />}
      </SecretDialog>
    </>
  );
}

function Form({ onClose, onMade }: { onClose: () => void; onMade: (secret: string) => void }) {
  const { t } = useI18n();
  const form = useForm({ initialValues: { name: '', expireTime: '', readBodies: false } });
  const create = useAction(TokenService.method.createToken, {
    form: { target: form, name: '' },
    onDone: (r) => onMade(r.secret),
  });
  const submit = form.onSubmit(({ name, expireTime, readBodies }) =>
    create.run({
      token: {
        name: name.trim(),
        readBodies,
        expireTime: expireTime ? timestampFromMs(new Date(expireTime).getTime()) : undefined,
      },
    }),
  );
  return (
    <form onSubmit={submit}>
      <Fields>
        <TextInput label={t('settings.token')} required data-autofocus {...form.getInputProps('name')} />
        <TextInput
          type="datetime-local"
          label={t('settings.expires')}
          description={t('settings.expiresHow')}
          {...form.getInputProps('expireTime')}
        />
        <Switch
          label={t('settings.tokenBodies')}
          description={t('settings.tokenBodiesHow')}
          {...form.getInputProps('readBodies', { type: 'checkbox' })}
        />
      </Fields>
      <FormError error={create.leftError} />
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" loading={create.busy}>
          {t('settings.createToken')}
        </Button>
      </DialogActions>
    </form>
  );
}

const cliCommand = (secret: string) => `export TRUNKLINE_SERVER=${window.location.origin}
export TRUNKLINE_TOKEN=${secret}
trunklinectl providers list`;
