import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Button, Switch, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useWhoAmI } from '@/api/session';
import { useAction } from '@/api/useAction';
import { Role } from '@/gen/trunkline/admin/v1/role_pb';
import { TokenService } from '@/gen/trunkline/admin/v1/token_pb';
import { useI18n } from '@/i18n';
import { CodeBlock } from '@/ui/Code';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { FormError } from '@/ui/FormError';
import { Fields } from '@/ui/fields/Form';
import { SentFields } from '@/ui/fields/SentFields';
import { SecretDialog } from '@/ui/SecretDialog';
import { RoleField } from './people/RoleField';

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
  const own = useWhoAmI().data?.role ?? Role.VIEWER;
  const form = useForm({
    initialValues: { name: '', role: String(Math.min(own, Role.OPERATOR)), expireTime: '', readBodies: false },
  });
  const create = useAction(TokenService.method.createToken, {
    form: { target: form, name: '' },
    onDone: (r) => onMade(r.secret),
  });
  const submit = form.onSubmit(({ name, role, expireTime, readBodies }) =>
    create.run({
      token: {
        name: name.trim(),
        role: Number(role) as Role,
        readBodies: readBodies && Number(role) >= Role.OPERATOR,
        expireTime: expireTime ? timestampFromMs(new Date(expireTime).getTime()) : undefined,
      },
    }),
  );
  return (
    <form onSubmit={submit}>
      <SentFields busy={create.busy}>
        <Fields>
          <TextInput
            label={t('settings.token')}
            withAsterisk
            aria-required
            data-autofocus
            {...form.getInputProps('name')}
          />
          <RoleField atMost={own} {...form.getInputProps('role')} />
          <TextInput
            type="datetime-local"
            label={t('settings.expires')}
            description={t('settings.expiresHow')}
            {...form.getInputProps('expireTime')}
          />
          <Switch
            label={t('settings.tokenBodies')}
            description={t('settings.tokenBodiesHow')}
            disabled={Number(form.values.role) < Role.OPERATOR}
            {...form.getInputProps('readBodies', { type: 'checkbox' })}
          />
        </Fields>
      </SentFields>
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
