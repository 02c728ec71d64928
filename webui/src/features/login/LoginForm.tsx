import type { ConnectError } from '@connectrpc/connect';
import { useMutation } from '@connectrpc/connect-query';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { CircleAlert } from 'lucide-react';
import { type FormEvent, useRef, useState } from 'react';
import { isSignedOut, isUnreachable, retryAfterSeconds } from '@/api/errors';
import { reasonOf } from '@/api/violations';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { useI18n } from '@/i18n';
import { useNow } from '@/ui/useNow';
import c from './login.module.css';

export function LoginForm({ onDone }: { onDone: (password: string) => void | Promise<void> }) {
  const { t } = useI18n();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  /** The second factor is asked for: the password was right. */
  const [asksCode, setAsksCode] = useState(false);
  const [code, setCode] = useState('');
  const [waitUntil, setWaitUntil] = useState(0);
  const form = useRef<HTMLFormElement>(null);
  const waiting = useNow() < waitUntil;

  const signIn = useMutation(SessionService.method.login, {
    onSuccess: () => onDone(password),
    onError: (error) => {
      const wait = retryAfterSeconds(error);
      setWaitUntil(wait > 0 ? Date.now() + wait * 1000 : 0);
      if (!isSignedOut(error)) return;
      if (reasonOf(error) !== '') {
        setAsksCode(true);
        setCode('');
        return;
      }
      setAsksCode(false);
      setPassword('');
      form.current?.querySelector<HTMLInputElement>('input[name=password]')?.focus();
    },
  });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const empty = username === '' ? 'username' : password === '' ? 'password' : asksCode && code === '' ? 'code' : null;
    if (empty) form.current?.querySelector<HTMLInputElement>(`input[name=${empty}]`)?.focus();
    else if (!waiting && !signIn.isPending) signIn.mutate({ username, password, code: asksCode ? code : '' });
  };

  return (
    <form ref={form} onSubmit={submit} noValidate>
      <TextInput
        name="username"
        label={t('login.username')}
        value={username}
        onChange={(event) => setUsername(event.currentTarget.value)}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus
        required
        withAsterisk={false}
      />
      <PasswordInput
        name="password"
        label={t('login.password')}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="current-password"
        visibilityToggleButtonProps={{ 'aria-label': t('login.showPassword'), tabIndex: 0 }}
        required
        withAsterisk={false}
      />
      {asksCode && (
        <TextInput
          name="code"
          label={t('login.code')}
          description={t('login.codeHow')}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          autoComplete="one-time-code"
          spellCheck={false}
          autoFocus
          required
          withAsterisk={false}
        />
      )}
      {signIn.error && reasonOf(signIn.error) !== 'TOTP_REQUIRED' && (
        <Refusal error={signIn.error} waitUntil={waitUntil} />
      )}
      <Button type="submit" size="md" fullWidth loading={signIn.isPending} disabled={waiting}>
        {signIn.error && isUnreachable(signIn.error) ? t('error.retry') : t('login.submit')}
      </Button>
    </form>
  );
}

/** One sentence that says what to do. It never tells which of the two was wrong: the server does not either. */
function Refusal({ error, waitUntil }: { error: ConnectError; waitUntil: number }) {
  const { t, countdown } = useI18n();
  const now = useNow();
  const left = waitUntil - now;
  let message = t('login.failed');
  if (reasonOf(error) === 'TOTP_WRONG') message = t('login.codeWrong');
  else if (isSignedOut(error)) message = t('login.wrong');
  else if (isUnreachable(error)) message = t('error.unreachable');
  else if (left > 0) message = t('login.wait', { time: countdown(left) });
  else if (waitUntil > 0) message = t('login.waitOver');
  else if (error.rawMessage) message = error.rawMessage;
  return (
    <p className={c.refusal} role={left > 0 ? undefined : 'alert'}>
      <CircleAlert size={16} aria-hidden />
      <span>{message}</span>
    </p>
  );
}
