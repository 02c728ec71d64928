import { useTransport } from '@connectrpc/connect-query';
import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { under } from '@/api/base';
import { whoAmI } from '@/api/session';
import { useI18n } from '@/i18n';
import { Brand } from '@/ui/Brand';
import { PasswordForm } from '@/ui/PasswordForm';
import { Preferences } from '@/ui/Preferences';
import { useTitle } from '@/ui/useTitle';
import { LoginForm } from './LoginForm';
import c from './login.module.css';
import { SingleSignOn } from './SingleSignOn';
import { isOurs } from './search';

const route = getRouteApi('/login');

/** Signs in, and on the first run has the default password changed before anything else. */
export function LoginPage() {
  const { t } = useI18n();
  const router = useRouter();
  const transport = useTransport();
  const queryClient = useQueryClient();
  const { next, ended, ...returned } = route.useSearch();
  const navigate = route.useNavigate();
  const forget = useCallback(() => void navigate({ search: {}, replace: true }), [navigate]);
  /** The default password that was just used. */
  const [initial, setInitial] = useState<string | null>(null);
  useTitle(initial === null ? t('login.title') : t('password.firstTitle'));

  // What stood in the address before is a path of the console, without that of a proxy.
  const enter = () => router.history.push(under(next ?? '/'));
  const signedIn = async (password: string) => {
    const me = await queryClient.fetchQuery(whoAmI(transport)).catch(() => null);
    if (me?.defaultPassword && me.canChangePassword) setInitial(password);
    else enter();
  };

  return (
    <div className={c.page}>
      <main className={c.card}>
        <Brand />
        {initial === null ? (
          <>
            <h1>{t('login.title')}</h1>
            <p className={c.lead}>{t(ended ? 'login.ended' : 'login.lead')}</p>
            <LoginForm onDone={signedIn} />
            <SingleSignOn
              next={next ?? '/'}
              returned={returned}
              onTaken={forget}
              onDone={(to) => router.history.replace(under(isOurs(to) ? to : '/'))}
            />
          </>
        ) : (
          <>
            <h1>{t('password.firstTitle')}</h1>
            <p className={c.lead}>{t('password.firstLead')}</p>
            <PasswordForm current={initial} onDone={enter} cancel={{ label: t('password.later'), onCancel: enter }} />
          </>
        )}
      </main>
      <Preferences />
    </div>
  );
}
