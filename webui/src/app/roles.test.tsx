// What is offered to whom: every control goes by the role that its method takes.
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { Role } from '@/gen/trunkline/admin/v1/role_pb';
import { renderApp } from '@/test/renderApp';

const as = (role: Role) => ({ session: { whoAmI: () => ({ username: 'bo', role, version: 'v1' }) } });
const group = {
  name: 'chat',
  etag: '1',
  enabled: true,
  selection: 'weighted',
  members: [
    { provider: 'a', model: 'm', priority: 0, weight: 1 },
    { provider: 'b', model: 'm', priority: 1, weight: 1 },
  ],
};
const groups = { listGroups: () => ({ groups: [group], totalSize: 1 }), getGroup: () => ({ group }) };

test('the navigation and the palette hold only pages that one may read', async () => {
  renderApp('/history', as(Role.VIEWER));
  const nav = within(await screen.findByRole('navigation', { name: 'Pages' }));
  expect(nav.getByRole('link', { name: 'History' })).toBeVisible();
  expect(nav.queryByRole('link', { name: 'Audit log' })).toBeNull();
  await userEvent.keyboard('{Control>}k{/Control}');
  await userEvent.type(await screen.findByPlaceholderText(/request ID or trace ID/), 'audit');
  expect(await screen.findByText('Nothing matches the filter')).toBeVisible();
});

test('the address of a page that one may not read says which role it takes', async () => {
  renderApp('/audit', as(Role.VIEWER));
  expect(await screen.findByText('Requires the Operator role')).toBeVisible();
});

test('a viewer reads a group, and nothing of it can be changed', async () => {
  const { router } = renderApp('/groups', { ...as(Role.VIEWER), groups });
  // By label and text: looking through a page of this size by role takes seconds.
  expect(await screen.findByLabelText('Actions for a / m')).toBeVisible();
  for (const offer of ['New group', 'Add members']) expect(screen.queryByText(offer)).toBeNull();
  expect(screen.queryByLabelText('Move a / m')).toBeNull();
  await router.navigate({ to: '/groups', search: { tab: 'settings' } });
  expect(await screen.findByText(/changes require the Operator role/)).toBeVisible();
  expect(screen.getByLabelText('Shown as')).toBeDisabled();
  expect(document.querySelector('[data-path="enabled"]')).toBeDisabled();
});

test('the shortcut of what one may not do is not there', async () => {
  const { router } = renderApp('/groups', { ...as(Role.VIEWER), groups });
  await screen.findByLabelText('Actions for a / m');
  await userEvent.keyboard('n');
  expect(router.state.location.search).toEqual({});
});

test('the address of a form says which role it takes', async () => {
  renderApp('/keys?new=true', as(Role.VIEWER));
  const panel = within(await screen.findByRole('dialog'));
  expect(await panel.findByText('Requires the Operator role')).toBeVisible();
  expect(panel.queryByLabelText('Name')).toBeNull();
});

test('an operator changes the configuration; users and join tokens are for owners', async () => {
  const nodes = { listJoinTokens: () => ({ joinTokens: [] }), listNodes: () => ({ nodes: [], revision: 1n }) };
  const { router } = renderApp('/groups', { ...as(Role.OPERATOR), groups, nodes });
  expect(await screen.findByText('New group')).toBeVisible();
  expect(await screen.findByLabelText('Move a / m')).toBeEnabled();
  await router.navigate({ to: '/nodes' });
  expect(await screen.findByText('Join tokens')).toBeVisible();
  expect(screen.queryByText('Add a node')).toBeNull();
  await router.navigate({ to: '/settings', search: { section: 'people' } });
  expect(await screen.findByText('Requires the Owner role')).toBeVisible();
  expect(screen.queryByText('People')).toBeNull();
});
