import { Code, ConnectError } from '@connectrpc/connect';
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { StartupApplyState } from '@/gen/trunkline/admin/v1/config_pb';
import { renderApp } from '@/test/renderApp';

const node = (name: string, appliedRevision: bigint, more: { connected?: boolean; error?: string } = {}) => ({
  name,
  appliedRevision,
  connected: true,
  ...more,
});

test.each([
  ['Revision 12 live on 2 of 2 nodes', [node('a', 12n), node('b', 12n)]],
  ['Revision 12 live on 1 of 2 nodes', [node('a', 12n), node('b', 11n)]],
  ['Revision 12 live on 1 of 1 nodes', [node('a', 12n), node('lost', 12n, { connected: false })]],
  ['Revision 12, no node connected', [node('lost', 12n, { connected: false })]],
  ['Revision 12 live on 0 of 1 nodesA node refused it', [node('a', 11n, { error: 'unknown dialect' })]],
])('the strip says: %s', async (words, nodes) => {
  renderApp('/keys', { nodes: { listNodes: () => ({ revision: 12n, nodes }) } });
  await waitFor(() => expect(screen.getByText(/^Revision/).textContent).toBe(words));
});

test('warns of the default password, and only then', async () => {
  renderApp('/keys', { session: { whoAmI: () => ({ username: 'admin', defaultPassword: true }) } });
  expect(await screen.findByText('You are using the default password.')).toBeVisible();
});

test('says why the file of --apply was refused, and nothing when it was not', async () => {
  const startupApply = {
    state: StartupApplyState.REFUSED,
    file: 'gateway.yaml',
    error: 'groups["g"].members[0].provider: does not exist',
  };
  renderApp('/keys', { config: { getStartupApply: () => ({ startupApply }) } });
  expect(await screen.findByText('The file of --apply was refused.')).toBeVisible();
  expect(screen.getByText(/^gateway.yaml changed nothing/)).toBeVisible();
  await userEvent.click(screen.getByText('Show the reason'));
  expect(screen.getByText(startupApply.error)).toBeVisible();
});

test('a new revision makes the lists be read again', async () => {
  let revision = 1n;
  const { queryClient } = renderApp('/keys', {
    nodes: { listNodes: () => ({ revision }) },
    keys: { listApiKeys: () => ({ apiKeys: [{ name: `seen-at-${revision}`, groups: ['g'] }] }) },
  });
  await screen.findByText('seen-at-1');
  revision = 2n;
  await queryClient.refetchQueries({ predicate: ({ queryKey }) => queryKey[0] === 'connect-query' });
  expect(await screen.findByText('seen-at-2')).toBeVisible();
});

test('signing out ends the session and forgets what was seen', async () => {
  const logout = vi.fn(() => ({}));
  const { router, queryClient } = renderApp('/keys', { session: { whoAmI: () => ({ username: 'ada' }), logout } });
  await userEvent.click(await screen.findByRole('button', { name: 'Account: ada' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Sign out' }));
  await waitFor(() => expect(router.state.location.pathname).toBe('/login'));
  expect(logout).toHaveBeenCalledOnce();
  await waitFor(() => expect(queryClient.getQueryData(['config', 'keys'])).toBeUndefined());
});

test('a control plane that is down is a plain page with a way to try again', async () => {
  // React and the router report what an error boundary caught; that it was caught is the point here.
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  let down = true;
  renderApp('/keys', {
    session: {
      whoAmI: () => {
        if (down) throw new ConnectError('HTTP 503', Code.Unavailable);
        return { username: 'ada' };
      },
    },
  });
  expect(await screen.findByRole('heading', { name: 'The control plane is not responding' })).toBeVisible();
  down = false;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('heading', { name: 'API keys' })).toBeVisible();
});

test('a path that leads nowhere has a way home', async () => {
  renderApp('/nothing-here');
  expect(await screen.findByRole('heading', { name: 'Page not found' })).toBeVisible();
  expect(screen.getByRole('link', { name: 'Go to the dashboard' })).toHaveAttribute('href', '/');
});

test('the palette goes to pages, and to groups, providers, keys and calls that the server finds', async () => {
  const listGroups = vi.fn((_req: { search: string }) => ({ groups: [{ name: 'chat/gpt-4.1', aliases: ['big'] }] }));
  const { router } = renderApp('/keys', {
    groups: { listGroups },
    providers: { listProviders: () => ({ providers: [{ name: 'azure' }] }) },
  });
  await screen.findByRole('heading', { name: 'API keys' });
  await userEvent.keyboard('{Control>}k{/Control}');
  const box = await screen.findByPlaceholderText('Page, name, request ID or trace ID');
  await userEvent.type(box, 'big');
  await screen.findByRole('button', { name: /^chat\/gpt-4\.1/ });
  await userEvent.keyboard('{Enter}');
  await waitFor(() => expect(router.state.location.search).toEqual({ group: 'chat/gpt-4.1' }));
  expect(listGroups).toHaveBeenCalledWith(expect.objectContaining({ search: 'big', pageSize: 6 }), expect.anything());

  await userEvent.keyboard('/');
  const again = await screen.findByPlaceholderText('Page, name, request ID or trace ID');
  await userEvent.type(again, 'req_0199e5c100037d1e{Enter}');
  await waitFor(() => expect(router.state.location.pathname).toBe('/calls'));
  expect(router.state.location.search).toEqual({ call: 'req_0199e5c100037d1e' });

  await userEvent.keyboard('{Control>}k{/Control}');
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  await userEvent.type(await screen.findByPlaceholderText(/request ID or trace ID/), `${trace}{Enter}`);
  await waitFor(() => expect(router.state.location.search).toEqual({ traceId: trace }));
});

test('g and a letter jumps, but not while one writes; ? lists the shortcuts', async () => {
  const { router } = renderApp('/groups');
  await screen.findByRole('heading', { name: 'No groups yet' });
  await userEvent.keyboard('gk');
  await waitFor(() => expect(router.state.location.pathname).toBe('/keys'));
  await userEvent.keyboard('gxd');
  await userEvent.keyboard('?');
  const help = await screen.findByRole('dialog', { name: 'Keyboard shortcuts' }, { timeout: 5000 });
  expect(within(help).getByText('Failure keywords')).toBeInTheDocument();
  expect(router.state.location.pathname).toBe('/keys');
});

test('a read that fails leaves what was there and says how old it is', async () => {
  let down = false;
  const { queryClient } = renderApp('/keys', {
    keys: { listApiKeys: () => ({ apiKeys: [{ name: 'app', groups: ['g'] }] }) },
    nodes: {
      listNodes: () => {
        if (down) throw new ConnectError('HTTP 503', Code.Unavailable);
        return {};
      },
    },
  });
  await screen.findByText('app');
  down = true;
  await queryClient.refetchQueries().catch(() => undefined);
  expect(await screen.findByText(/^This data is \d+ sec old\.$/)).toBeVisible();
  expect(screen.getByText('app')).toBeVisible();
  down = false;
  await queryClient.refetchQueries();
  await waitFor(() => expect(screen.queryByText(/^This data is/)).toBeNull());
});
