import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import { type Backend, renderApp } from '@/test/renderApp';

const provider: Backend = {
  providers: { listProviders: () => ({ providers: [{ name: 'p', models: [{ id: 'm' }] }] }) },
};
const group: Backend = { groups: { listGroups: () => ({ groups: [{ name: 'mine' }] }) } };
const key: Backend = { keys: { listApiKeys: () => ({ apiKeys: [{ name: 'k' }] }) } };
const called: Backend = { calls: { listCalls: () => ({ calls: [{ id: 'r' }] }) } };

test.each([
  ['Add a provider', /kind: Provider/, {}],
  ['Make a group', /kind: Group/, provider],
  ['Make an API key', /kind: ApiKey/, { ...provider, ...group }],
  ['Send the first call', /"model": "mine"/, { ...provider, ...group, ...key }],
])('the next step is: %s', async (title, snippet, backend: Backend) => {
  renderApp('/', backend);
  const step = (await screen.findByRole('heading', { name: title })).closest('li') as HTMLElement;
  expect(step).toHaveAttribute('aria-current', 'step');
  expect(within(step).getByText(snippet)).toBeVisible();
});

test('the checklist is gone once a call was made, and trouble comes first', async () => {
  renderApp('/', {
    ...provider,
    ...group,
    ...key,
    ...called,
    nodes: {
      listNodes: () => ({
        revision: 2n,
        nodes: [
          {
            name: 'n1',
            connected: true,
            appliedRevision: 2n,
            targets: [{ provider: 'p', model: 'm', state: TargetState.DEGRADED, failures: 2, threshold: 5 }],
          },
          { name: 'n2', connected: true, appliedRevision: 1n, error: 'unknown dialect' },
          { name: 'n3', callsDropped: 4n },
        ],
      }),
    },
  });
  expect(await screen.findByText('2 of 5 failures')).toBeVisible();
  expect(screen.queryByText('Get to your first call')).toBeNull();
  expect(screen.getByText('unknown dialect')).toBeVisible();
  expect(screen.getByText(/4 call records lost/)).toBeVisible();
  expect(screen.getByText('Not connected')).toBeVisible();
});
