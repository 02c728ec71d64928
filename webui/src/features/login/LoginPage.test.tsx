import { Code, ConnectError } from '@connectrpc/connect';
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { refusalBecause } from '@/test/refusal';
import { type Backend, renderApp } from '@/test/renderApp';

const signedOut = (login: NonNullable<Backend['session']>['login']): Backend => {
  let inside = false;
  return {
    session: {
      whoAmI: () => {
        if (!inside) throw new ConnectError('sign in first', Code.Unauthenticated);
        return { username: 'ada' };
      },
      login: async (request, context) => {
        const answer = await login?.(request, context);
        inside = true;
        return answer ?? {};
      },
    },
  };
};

async function signIn(username: string, password: string) {
  await userEvent.type(await screen.findByLabelText('User name'), username);
  await userEvent.type(screen.getByLabelText('Password'), password);
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
}

test('someone who is not signed in gets there, and then where they wanted to go', async () => {
  const { router } = renderApp(
    '/groups?q=chat',
    signedOut(() => ({ username: 'ada' })),
  );
  await signIn('ada', 'secret');
  expect(await screen.findByText('Nothing matches the filter')).toBeVisible();
  expect(router.state.location.href).toBe('/groups?q=chat');
});

test('a wrong password says one thing, empties the field and keeps the focus there', async () => {
  renderApp(
    '/login',
    signedOut(() => Promise.reject(new ConnectError('no', Code.Unauthenticated))),
  );
  await signIn('ada', 'wrong');
  expect(await screen.findByRole('alert')).toHaveTextContent('Wrong user name or password.');
  expect(screen.getByLabelText('Password')).toHaveValue('');
  expect(screen.getByLabelText('Password')).toHaveFocus();
  expect(screen.getByLabelText('User name')).toHaveValue('ada');
});

test('a throttled one counts down and cannot be sent', async () => {
  const login = vi.fn(() => Promise.reject(new ConnectError('slow', Code.ResourceExhausted, { 'retry-after': '90' })));
  renderApp('/login', signedOut(login));
  await signIn('ada', 'wrong');
  expect(await screen.findByText(/Try again in 1:(30|29)\./)).toBeVisible();
  expect(screen.getByRole('button', { name: 'Sign in' })).toBeDisabled();
  await userEvent.type(screen.getByLabelText('Password'), '{Enter}');
  expect(login).toHaveBeenCalledOnce();
});

test('a control plane that is down is named, and the button tries again', async () => {
  let down = true;
  const backend = signedOut(() => {
    if (down) throw new ConnectError('HTTP 503', Code.Unavailable);
    return {};
  });
  const { router } = renderApp('/login', backend);
  await signIn('ada', 'secret');
  expect(await screen.findByRole('alert')).toHaveTextContent('The control plane is not responding');
  down = false;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await waitFor(() => expect(router.state.location.pathname).toBe('/'));
});

test('nothing is sent while a field is empty', async () => {
  const login = vi.fn(() => ({}));
  renderApp('/login', signedOut(login));
  await userEvent.type(await screen.findByLabelText('User name'), 'ada{Enter}');
  expect(screen.getByLabelText('Password')).toHaveFocus();
  expect(login).not.toHaveBeenCalled();
});

test('on the first run the default password is replaced before anything else', async () => {
  const changed = vi.fn();
  let isDefault = false;
  const { router } = renderApp('/login?next=/keys', {
    session: {
      login: () => {
        isDefault = true;
        return { username: 'admin' };
      },
      whoAmI: () => ({ username: 'admin', defaultPassword: isDefault, canChangePassword: true }),
      changePassword: (request) => {
        changed(request.currentPassword, request.newPassword);
        isDefault = false;
        return {};
      },
    },
  });
  await signIn('admin', 'password');
  expect(await screen.findByRole('heading', { name: 'Choose your password' })).toBeVisible();
  await userEvent.type(screen.getByLabelText('New password'), 'short');
  await userEvent.type(screen.getByLabelText('Repeat new password'), 'other');
  await userEvent.click(screen.getByRole('button', { name: 'Set password' }));
  expect(screen.getByText('Too short: at least 8 characters')).toBeVisible();
  expect(screen.getByText('The passwords do not match')).toBeVisible();
  await userEvent.type(screen.getByLabelText('New password'), ' and longer');
  await userEvent.clear(screen.getByLabelText('Repeat new password'));
  await userEvent.type(screen.getByLabelText('Repeat new password'), 'short and longer');
  await userEvent.click(screen.getByRole('button', { name: 'Set password' }));
  await waitFor(() => expect(router.state.location.pathname).toBe('/keys'));
  expect(changed).toHaveBeenCalledWith('password', 'short and longer');
});

test('the second factor is asked for after the password', async () => {
  const login = vi.fn(({ code }: { code: string }) => {
    if (code === '') throw refusalBecause('TOTP_REQUIRED', Code.Unauthenticated);
    if (code !== '123456') throw refusalBecause('TOTP_WRONG', Code.Unauthenticated);
    return { username: 'ada' };
  });
  const { router } = renderApp('/login', signedOut(login));
  await signIn('ada', 'secret');
  const code = await screen.findByLabelText('Code from your authenticator app');
  expect(screen.queryByRole('alert')).toBeNull();
  await userEvent.type(code, '000000{Enter}');
  expect(await screen.findByText('The code is wrong or has already been used.')).toBeVisible();
  await userEvent.type(screen.getByLabelText('Code from your authenticator app'), '123456{Enter}');
  await waitFor(() => expect(router.state.location.pathname).not.toBe('/login'));
  expect(login.mock.calls.at(-1)?.[0]).toMatchObject({ username: 'ada', password: 'secret', code: '123456' });
});

test('who comes back from the identity provider is signed in, and goes where they wanted', async () => {
  const backend = signedOut(undefined);
  const finishOidc = vi.fn(async (_req: object, context: never) => {
    await backend.session?.login?.({} as never, context);
    return { username: 'ada', next: '/groups?q=chat' };
  });
  const session = {
    ...backend.session,
    getSignInMethods: () => ({ oidc: true }),
    finishOidc,
  } as unknown as Backend['session'];
  const { router } = renderApp('/login?state=s&code=c', { ...backend, session });
  await waitFor(() => expect(router.state.location.href).toBe('/groups?q=chat'));
  expect(finishOidc.mock.calls[0]?.[0]).toMatchObject({ state: 's', code: 'c' });
});

test('a refusal of the identity provider is shown, and one may try again', async () => {
  const finishOidc = () => {
    throw new ConnectError('none of your groups may use this console: ask an owner', Code.PermissionDenied);
  };
  const session = { ...signedOut(undefined).session, getSignInMethods: () => ({ oidc: true }), finishOidc };
  const { router } = renderApp('/login?state=s&code=c', { session });
  expect(await screen.findByRole('alert')).toHaveTextContent(/none of your groups may use this console/);
  expect(router.state.location.href).toBe('/login');
  expect(screen.getByRole('button', { name: 'Sign in with single sign-on' })).toBeEnabled();
});

test('when a session has ended, one may sign in again where one did before', async () => {
  let over = false;
  const session: Backend['session'] = { getSignInMethods: () => ({ oidc: true }) };
  const groups: Backend['groups'] = {
    listGroups: () => {
      if (over) throw new ConnectError('sign in first', Code.Unauthenticated);
      return {};
    },
  };
  const { router, queryClient } = renderApp('/groups', { session, groups });
  expect(await screen.findByRole('heading', { level: 1, name: 'Groups' })).toBeVisible();
  over = true;
  await queryClient.invalidateQueries();
  expect(await screen.findByText('Your session has ended. Sign in to continue.')).toBeVisible();
  expect(await screen.findByRole('button', { name: 'Sign in with single sign-on' })).toBeEnabled();
  expect(router.state.location.search).toMatchObject({ next: '/groups' });
  expect(queryClient.getQueryCache().getAll()).toHaveLength(1); // nothing of the session is left
});

test('someone who had no session is told of none, and may use single sign-on', async () => {
  const session = { ...signedOut(undefined).session, getSignInMethods: () => ({ oidc: true }) };
  renderApp('/groups', { session });
  expect(await screen.findByRole('button', { name: 'Sign in with single sign-on' })).toBeEnabled();
  expect(screen.queryByText(/Your session has ended/)).toBeNull();
});
