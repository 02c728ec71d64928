import { timestampNow } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { Role } from '@/gen/trunkline/admin/v1/role_pb';
import { refusal, refusalBecause } from '@/test/refusal';
import { renderApp } from '@/test/renderApp';

const ada = { name: 'ada', role: Role.OWNER, configured: true, hasPassword: true };
const bob = { name: 'bob', role: Role.VIEWER, hasPassword: true, totpEnabled: true, signInTime: timestampNow() };
const listUsers = () => ({ users: [ada, bob] });

test('a user is created with a role, and a refusal stands at its field', async () => {
  const createUser = vi
    .fn((_req: object) => ({ user: { name: 'eve' } }))
    .mockImplementationOnce(() => {
      throw refusal({ 'user.password': 'must be at least 8 bytes' });
    });
  renderApp('/settings?section=people', { users: { listUsers, createUser } });
  await userEvent.click(await screen.findByRole('button', { name: 'New user' }));
  await userEvent.type(await screen.findByLabelText('User name'), 'eve');
  await userEvent.type(screen.getByLabelText('Password'), 'short');
  await userEvent.click(screen.getByRole('button', { name: 'Create user' }));
  expect(await screen.findByText('Must be at least 8 bytes')).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Create user' }));
  expect(await screen.findByText('eve can sign in now.')).toBeInTheDocument();
  expect(createUser.mock.calls[1]?.[0]).toMatchObject({ user: { name: 'eve', role: Role.VIEWER, password: 'short' } });
});

test('only what changed of a user is sent, and the configured one cannot be deleted', async () => {
  const updateUser = vi.fn((_req: object) => ({}));
  renderApp('/settings?section=people', { users: { listUsers, updateUser } });
  const row = (await screen.findByText('bob')).closest('tr') as HTMLElement;
  await userEvent.click(within(row).getByRole('button', { name: 'Edit' }));
  expect(screen.getByRole('button', { name: 'Delete' })).toBeVisible();
  expect(screen.getByRole('button', { name: 'Remove second factor' })).toBeVisible();
  await userEvent.click(screen.getByRole('switch', { name: /^Disabled/ }));
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('bob saved.')).toBeInTheDocument();
  expect(updateUser.mock.calls[0]?.[0]).toMatchObject({
    user: { name: 'bob', disabled: true },
    updateMask: { paths: ['disabled'] },
  });
  const own = screen.getByText('ada').closest('tr') as HTMLElement;
  await userEvent.click(within(own).getByRole('button', { name: 'Edit' }));
  expect(screen.queryByRole('button', { name: 'Delete' })).toBeNull();
});

test('a viewer is told so, and whom to ask', async () => {
  const whoAmI = () => ({ username: 'bob', role: Role.VIEWER, hasPassword: true });
  renderApp('/settings?section=people', { session: { whoAmI } });
  expect(await screen.findByText(/Requires the Owner role/)).toBeVisible();
  expect(await screen.findByText(/You are signed in as a viewer/)).toBeVisible();
});

test('what needs a recent sign-in asks for the password and goes on by itself', async () => {
  let proved = false;
  const createUser = vi.fn(() => {
    if (!proved) throw refusalBecause('REAUTHENTICATION_REQUIRED', Code.FailedPrecondition);
    return { user: { name: 'eve' } };
  });
  const reauthenticate = vi.fn((req: { password: string }) => {
    if (req.password !== 'right') throw refusal({ password: 'is not the current password' });
    proved = true;
    return {};
  });
  renderApp('/settings?section=people', { users: { listUsers, createUser }, session: { reauthenticate } });
  await userEvent.click(await screen.findByRole('button', { name: 'New user' }));
  await userEvent.type(screen.getByLabelText('User name'), 'eve');
  await userEvent.click(screen.getByRole('button', { name: 'Create user' }));
  const question = within(await screen.findByRole('dialog', { name: 'Confirm that it is you' }));
  await userEvent.type(question.getByLabelText('Password'), 'wrong{Enter}');
  expect(await question.findByText('Wrong user name or password.')).toBeVisible();
  await userEvent.clear(question.getByLabelText('Password'));
  await userEvent.type(question.getByLabelText('Password'), 'right{Enter}');
  expect(await screen.findByText('eve can sign in now.')).toBeInTheDocument();
  expect(createUser).toHaveBeenCalledTimes(2);
});

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0';

test('sessions are shown with where they are, and ended', async () => {
  const sessions = [
    { id: 'a', user: 'ada', address: '192.0.2.1', userAgent: FIREFOX, current: true },
    { id: 'b', user: 'ada', address: '2001:db8::1', userAgent: 'phone' },
  ];
  const revokeSession = vi.fn((_req: object) => ({}));
  renderApp('/settings?section=access', { users: { listSessions: () => ({ sessions }), revokeSession } });
  const row = (await screen.findByText('2001:db8::1')).closest('tr') as HTMLElement;
  expect(screen.getByText('Firefox 132 on Linux')).toHaveAttribute('title', FIREFOX);
  expect(within(row).getByText('phone')).toBeVisible();
  await userEvent.click(within(row).getByRole('button', { name: 'End' }));
  expect(revokeSession.mock.calls[0]?.[0]).toMatchObject({ id: 'b' });
  expect(screen.getByText('this one')).toBeVisible();
});

test('a second factor is set up with a picture, a code and recovery codes', async () => {
  const whoAmI = () => ({ username: 'ada', role: Role.OWNER, hasPassword: true });
  const confirmTotp = vi.fn((req: { code: string }) => {
    if (req.code !== '123456') throw new ConnectError('wrong', Code.InvalidArgument);
    return { recoveryCodes: ['aaaa-bbbb-cccc-dddd'] };
  });
  const beginTotp = () => ({ secret: 'SECRET', uri: 'otpauth://', qrRows: ['##', '.#'] });
  renderApp('/settings?section=access', { session: { whoAmI, beginTotp, confirmTotp } });
  await userEvent.click(await screen.findByRole('button', { name: 'Set up' }));
  const qr = await screen.findByRole('img', { name: 'QR code of the secret' });
  expect(qr.querySelector('path')?.getAttribute('d')).toBe('M4 4h1v1h-1zM5 4h1v1h-1zM5 5h1v1h-1z');
  await userEvent.type(screen.getByLabelText('Code from your authenticator app'), '123456');
  await userEvent.click(screen.getByRole('button', { name: 'Confirm' }));
  expect(await screen.findByText(/aaaa-bbbb-cccc-dddd/)).toBeVisible();
  expect(screen.getByRole('button', { name: 'Done' })).toBeDisabled();
  await userEvent.click(screen.getByLabelText('I have stored the codes'));
  await userEvent.click(screen.getByRole('button', { name: 'Done' }));
  expect(await screen.findByText('The second factor is on.')).toBeInTheDocument();
});

test('who needs a second factor sets it up before anything else, and sees the recovery codes', async () => {
  let enabled = false;
  const listGroups = vi.fn(() => ({}));
  const confirmTotp = vi
    .fn((_req: object) => {
      enabled = true;
      return { recoveryCodes: ['aaaa-bbbb', 'cccc-dddd'] };
    })
    .mockImplementationOnce(() => {
      throw refusal({ code: 'is not the code that the app shows now' });
    });
  const { queryClient } = renderApp('/groups', {
    groups: { listGroups },
    session: {
      whoAmI: () => ({
        username: 'ada',
        role: Role.OWNER,
        hasPassword: true,
        totpRequired: true,
        totpEnabled: enabled,
      }),
      beginTotp: () => ({ secret: 'SECRET', uri: 'otpauth://totp/x', qrRows: ['#.', '.#'] }),
      confirmTotp,
    },
  });
  expect(await screen.findByRole('heading', { name: 'Set up a second factor' })).toBeVisible();
  expect(screen.queryByRole('navigation')).toBeNull();
  await userEvent.type(await screen.findByLabelText(/^Code/), '123456');
  await userEvent.click(screen.getByRole('button', { name: 'Confirm' }));
  expect(await screen.findByText(/not the code that the app shows now/i)).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Confirm' }));
  expect(await screen.findByText(/aaaa-bbbb/)).toBeVisible();
  await queryClient.refetchQueries();
  expect(screen.getByText(/aaaa-bbbb/)).toBeVisible();
  expect(listGroups).not.toHaveBeenCalled();
  await userEvent.click(screen.getByRole('checkbox', { name: 'I have stored the codes' }));
  await userEvent.click(screen.getByRole('button', { name: 'Done' }));
  expect(await screen.findByRole('heading', { name: 'No groups yet' })).toBeVisible();
});

test('a second factor that is required cannot be turned off', async () => {
  const whoAmI = () => ({
    username: 'ada',
    role: Role.OWNER,
    hasPassword: true,
    totpRequired: true,
    totpEnabled: true,
  });
  renderApp('/settings?section=access', { session: { whoAmI } });
  expect(await screen.findByText(/It is required here/)).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Turn off' })).toBeNull();
});
