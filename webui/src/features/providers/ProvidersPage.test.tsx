import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import { type Backend, renderApp } from '@/test/renderApp';

const backend: Backend = {
  providers: {
    listProviders: () => ({
      providers: [
        {
          name: 'azure',
          baseUrl: 'https://eastus2.example:8443/openai/v1',
          maxInFlight: 1200,
          headers: { 'x-team': 'search' },
          timeouts: { connect: { seconds: 3n } },
          credentials: [
            { name: 'main', secretHint: '9f3a', secretSetTime: timestampFromMs(Date.now() - 3 * 86_400_000) },
          ],
          models: [
            {
              id: 'gpt-4o',
              alias: 'big',
              contextWindow: 128_000n,
              price: { input: '2.5', cachedInput: '1.25', output: '10' },
            },
          ],
        },
        { name: 'rehearsal', dialect: 'fake', models: [{ id: 'ok', price: { perCall: '0.001' } }] },
      ],
    }),
  },
  groups: {
    listGroups: () => ({ groups: [{ name: 'chat', members: [{ provider: 'azure', model: 'big', priority: 1 }] }] }),
  },
  nodes: {
    listNodes: () => ({
      nodes: [
        {
          name: 'n',
          connected: true,
          targets: [{ provider: 'azure', credential: 'main', state: TargetState.COOLING, reason: 'auth_failed' }],
        },
      ],
    }),
  },
};

test('shows address, credentials by their last four, models with prices and where they are used', async () => {
  renderApp('/providers', backend);
  const list = within(await screen.findByRole('region', { name: 'Providers' }));
  expect(list.getByText('eastus2.example:8443 · 1 model')).toBeVisible();
  expect(screen.getByText('••••9f3a')).toBeVisible();
  expect(screen.getByText('3 days ago')).toBeVisible();
  const row = within(screen.getByRole('row', { name: /gpt-4o/ }));
  expect(row.getByText('$2.50 / $10.00')).toBeVisible();
  expect(row.getByText('cached $1.25')).toBeVisible();
  expect(row.getByText('128K')).toBeVisible();
  expect(await row.findByRole('link', { name: 'chat' })).toHaveAttribute('href', '/groups?group=chat');
  expect(screen.getByText('1,200')).toBeVisible();
  expect(screen.getByText('x-team')).toBeVisible();
  expect(screen.queryByText('search')).toBeNull();
});

test('a refused credential asks for a person', async () => {
  renderApp('/providers?provider=azure', backend);
  expect((await screen.findAllByText('Credential refused')).length).toBeGreaterThan(0);
  expect(screen.getAllByText('Needs you').length).toBeGreaterThan(0);
});

test('the built-in upstream has no address, and a price per call', async () => {
  renderApp('/providers?provider=rehearsal', backend);
  expect(await screen.findByText('Built-in upstream for rehearsals')).toBeVisible();
  expect(screen.getByText('$0.001 per call')).toBeVisible();
  expect(screen.getByText('None: this upstream is called without a key.')).toBeVisible();
});
