import { useMutation } from '@connectrpc/connect-query';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { BASE } from '@/api/base';
import type { IdentityGate } from '@/api/identity';
import { useWhoAmI } from '@/api/session';
import { reasonOf, violationsOf } from '@/api/violations';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { useI18n } from '@/i18n';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { FormError } from '@/ui/FormError';
import { Fields } from '@/ui/fields/Form';

/** Asks for the password again when a call needs a recent sign-in; the call is then repeated. */
export function IdentityDialog({ gate }: { gate: IdentityGate }) {
  const { t } = useI18n();
  const who = useWhoAmI().data;
  return (
    <Dialog opened title={t('people.proveTitle')} onClose={() => gate.settle(false)} size={420}>
      {who?.hasPassword === false ? (
        <AtProvider />
      ) : (
        <Question onProved={() => gate.settle(true)} onCancel={() => gate.settle(false)} />
      )}
    </Dialog>
  );
}

/** Someone without a password proves it where they signed in, and comes back to the page. */
function AtProvider() {
  const { t } = useI18n();
  const { pathname, search } = window.location;
  const begin = useMutation(SessionService.method.beginOidc, { onSuccess: ({ url }) => window.location.assign(url) });
  return (
    <>
      <p>{t('people.proveHow')}</p>
      <FormError error={begin.error} />
      <DialogActions>
        <Button
          loading={begin.isPending}
          onClick={() => begin.mutate({ next: pathname.slice(BASE.length) + search, again: true })}
        >
          {t('login.oidc')}
        </Button>
      </DialogActions>
    </>
  );
}

function Question({ onProved, onCancel }: { onProved: () => void; onCancel: () => void }) {
  const { t } = useI18n();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [asksCode, setAsksCode] = useState(false);
  const prove = useMutation(SessionService.method.reauthenticate, {
    onSuccess: onProved,
    onError: (error) => {
      if (reasonOf(error) === '') return;
      setAsksCode(true);
      setCode('');
    },
  });
  const reason = reasonOf(prove.error);
  const wrongPassword = violationsOf(prove.error).some((v) => v.field === 'password');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation(); // a form that asked is still open below
    if (password !== '' && !prove.isPending) prove.mutate({ password, code });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Fields>
        <p>{t('people.proveHow')}</p>
        <PasswordInput
          label={t('login.password')}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          autoComplete="current-password"
          visibilityToggleButtonProps={{ 'aria-label': t('login.showPassword'), tabIndex: 0 }}
          error={wrongPassword && t('login.wrong')}
          data-autofocus
        />
        {asksCode && (
          <TextInput
            label={t('login.code')}
            description={t('login.codeHow')}
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
            autoComplete="one-time-code"
            error={reason === 'TOTP_WRONG' && t('login.codeWrong')}
            autoFocus
          />
        )}
      </Fields>
      {reason === '' && !wrongPassword && <FormError error={prove.error} />}
      <DialogActions>
        <Button variant="default" onClick={onCancel}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" loading={prove.isPending}>
          {t('people.prove')}
        </Button>
      </DialogActions>
    </form>
  );
}
