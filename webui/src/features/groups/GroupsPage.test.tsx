import { Code, ConnectError } from '@connectrpc/connect';
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import { type Backend, renderApp } from '@/test/renderApp';

const backend: Backend = {
  session: { whoAmI: () => ({ username: 'ada', gatewayUrl: 'https://gw.example' }) },
  providers: {
    listProviders: () => ({
      providers: [
        { name: 'first', models: [{ id: 'm', price: { input: '2.5', output: '10' } }] },
        { name: 'second', models: [{ id: 'm' }] },
      ],
    }),
  },
  // Two pages, so that the second is seen only by one who asks for it.
  groups: {
    listGroups: ({ pageToken }) =>
      pageToken === ''
        ? {
            groups: [
              {
                name: 'chat',
                aliases: ['gpt-4'],
                members: [
                  { provider: 'second', model: 'm', priority: 2 },
                  { provider: 'first', model: 'm', priority: 1 },
                ],
              },
            ],
            nextPageToken: 'two',
          }
        : { groups: [{ name: 'spare' }] },
  },
  keys: { listApiKeys: () => ({ apiKeys: [{ name: 'app', groups: ['chat'] }, { name: 'other' }] }) },
  nodes: {
    listNodes: () => ({
      revision: 3n,
      nodes: [
        {
          name: 'n1',
          connected: true,
          appliedRevision: 3n,
          targets: [
            {
              provider: 'first',
              model: 'm',
              state: TargetState.COOLING,
              remaining: { seconds: 75n },
              reason: 'rate_limited',
              failures: 5,
              threshold: 5,
            },
          ],
        },
      ],
    }),
  },
};

test('shows the members in failover order, with state, countdown, reason, price and turn', async () => {
  renderApp('/groups', backend);
  const order = await screen.findByRole('list', { name: 'Failover order' });
  const [first, second] = within(order).getAllByRole('listitem');
  const top = within(first as HTMLElement);
  expect(top.getByText('first')).toBeVisible();
  expect(await top.findByText('Cooling down')).toBeVisible();
  expect(top.getByText(/Tried again in 1:1\d/)).toBeVisible();
  expect(top.getByText('Rate limited')).toBeVisible();
  expect(top.getByText('$2.50 / $10.00')).toBeVisible();
  expect(top.getByText('Next in line')).toBeVisible();
  const next = within(second as HTMLElement);
  expect(next.getByText('Healthy')).toBeVisible();
  expect(next.getByText('Serving now')).toBeVisible();
  expect(next.getByText('No price')).toBeVisible();
  expect(screen.getByText('1 API key')).toBeVisible();
  expect(screen.getByText(/curl https:\/\/gw\.example\/v1\/chat\/completions/)).toBeVisible();
});

test('reads every page, filters by alias and member, and opens what is chosen', async () => {
  const { router } = renderApp('/groups', backend);
  const list = await screen.findByRole('region', { name: 'Groups' });
  expect(within(list).getAllByRole('link')).toHaveLength(2);
  await userEvent.type(screen.getByRole('searchbox', { name: 'Filter groups' }), 'GPT-4 second');
  expect(within(list).getAllByRole('link')).toHaveLength(1);
  expect(router.state.location.search).toEqual({ q: 'GPT-4 second' });
  await userEvent.clear(screen.getByRole('searchbox'));
  await userEvent.click(within(list).getByRole('link', { name: /spare/ }));
  expect(await screen.findByText(/fail with status 503 until it has a member/)).toBeVisible();
  expect(router.state.location.search).toEqual({ group: 'spare' });
});

test('a group in the URL that is gone says so', async () => {
  renderApp('/groups?group=nope', backend);
  expect(await screen.findByText('There is no group called nope')).toBeVisible();
});

test('with no group it says what to do', async () => {
  renderApp('/groups');
  expect(await screen.findByRole('heading', { name: 'No groups yet' })).toBeVisible();
  expect(screen.getByText(/^kind: Group/)).toBeVisible();
  expect(screen.getByText('trunklinectl apply -f group.yaml')).toBeVisible();
});

test('a failed read shows code and request id, and trying again works', async () => {
  let broken = true;
  renderApp('/groups', {
    groups: {
      listGroups: () => {
        if (broken) throw new ConnectError('the disk is full', Code.FailedPrecondition, { 'x-request-id': 'r-77' });
        return { groups: [{ name: 'back' }] };
      },
    },
  });
  const alert = await screen.findByRole('alert');
  expect(alert).toHaveTextContent('the disk is full');
  expect(alert).toHaveTextContent('failed_precondition');
  expect(alert).toHaveTextContent('r-77');
  broken = false;
  await userEvent.click(within(alert).getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('heading', { name: 'back' })).toBeVisible();
});

test('data that cannot be refreshed stays, with a word about its age', async () => {
  let broken = false;
  const { queryClient } = renderApp('/groups', {
    ...backend,
    nodes: {
      listNodes: () => {
        if (broken) throw new ConnectError('HTTP 503', Code.Unavailable);
        return {};
      },
    },
  });
  await screen.findByRole('heading', { name: 'chat' });
  broken = true;
  await queryClient.refetchQueries().catch(() => undefined);
  expect(await screen.findByText(/^This data is \d+ sec old\.$/)).toBeVisible();
  expect(screen.getByRole('heading', { name: 'chat' })).toBeVisible();
});
