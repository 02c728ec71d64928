import { useMutation, useQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { CircleAlert } from 'lucide-react';
import { useEffect } from 'react';
import { problemOf } from '@/api/errors';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { useI18n } from '@/i18n';
import c from './login.module.css';
import type { Returned } from './search';

/** Signs in at the identity provider, if there is one, and finishes that when the browser is back. */
export function SingleSignOn({
  next,
  returned,
  onTaken,
  onDone,
}: {
  next: string;
  returned: Returned;
  /** State and code are used up: neither a reload nor a shared address should try them again. */
  onTaken: () => void;
  onDone: (next: string) => void;
}) {
  const { t, sentences } = useI18n();
  const offered = useQuery(SessionService.method.getSignInMethods, {}).data?.oidc ?? false;
  const begin = useMutation(SessionService.method.beginOidc, { onSuccess: ({ url }) => window.location.assign(url) });
  const finish = useMutation(SessionService.method.finishOidc, { onSuccess: (done) => onDone(done.next) });
  const { mutate } = finish;
  const { oidcState: state, oidcCode: code, oidcError: denied } = returned;
  useEffect(() => {
    if (!state || !code) return;
    mutate({ state, code });
    onTaken();
  }, [mutate, onTaken, state, code]);
  const error = begin.error ?? finish.error;
  if (!offered && !error && !denied) return null;
  return (
    <div className={c.single}>
      {(error || denied) && (
        <p className={c.refusal} role="alert">
          <CircleAlert size={16} aria-hidden />
          <span>{sentences(t('login.oidcFailed'), error ? problemOf(error).detail : '')}</span>
        </p>
      )}
      <Button
        variant="default"
        size="md"
        fullWidth
        loading={begin.isPending || finish.isPending}
        onClick={() => begin.mutate({ next })}
      >
        {t('login.oidc')}
      </Button>
    </div>
  );
}
