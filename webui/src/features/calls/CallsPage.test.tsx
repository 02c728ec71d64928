import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { type Call, CallSchema, type ListCallsRequest } from '@/gen/trunkline/admin/v1/call_pb';
import { renderApp } from '@/test/renderApp';

const call = (init: MessageInitShape<typeof CallSchema>): Call =>
  create(CallSchema, {
    startTime: timestampFromMs(1_795_000_000_000),
    group: 'chat',
    model: 'chat',
    apiKey: 'app',
    status: 200,
    outcome: 'ok',
    ...init,
  });

const failedOver = call({
  id: 'req_1',
  provider: 'second',
  attemptCount: 2,
  cost: '0.0074',
  duration: { seconds: 3n, nanos: 120_000_000 },
  usage: { inputTokens: 1800n, outputTokens: 443n },
  attempts: [
    {
      provider: 'first',
      model: 'm',
      outcome: 'rate_limited',
      status: 429,
      duration: { nanos: 212_000_000 },
      reason: 'retry after 20 s',
    },
    {
      provider: 'second',
      model: 'm',
      outcome: 'ok',
      status: 200,
      startOffset: { nanos: 215_000_000 },
      duration: { seconds: 2n },
    },
  ],
});

test('a failover shows in the row, and in full in the drawer', async () => {
  const { router } = renderApp('/calls', {
    calls: { listCalls: () => ({ calls: [failedOver] }), getCall: () => ({ call: failedOver }) },
  });
  const row = within(await screen.findByRole('row', { name: /chat/ }));
  expect(row.getByText('first')).toBeVisible();
  expect(row.getByText('second')).toBeVisible();
  expect(row.getByText('2 attempts')).toBeVisible();
  expect(row.getByText('3.12 s')).toBeVisible();
  expect(row.getByText('2.2K')).toBeVisible();
  expect(row.getByText('$0.0074')).toBeVisible();

  await userEvent.click(row.getByRole('link'));
  const drawer = within(await screen.findByRole('dialog', { name: 'Call' }));
  expect(await drawer.findByText('Rate limited')).toBeVisible();
  expect(drawer.getByText('retry after 20 s')).toBeVisible();
  expect(drawer.getByText('began after 215 ms')).toBeVisible();
  expect(router.state.location.search).toEqual({ call: 'req_1' });
  await userEvent.keyboard('{Escape}');
  await waitFor(() => expect(router.state.location.search).toEqual({}));
});

test('filters go into the URL and to the server, and can be cleared', async () => {
  const asked = vi.fn<(r: ListCallsRequest) => void>();
  const { router } = renderApp('/calls?outcome=server_error', {
    groups: { listGroups: () => ({ groups: [{ name: 'chat' }] }) },
    calls: {
      listCalls: (request) => {
        asked(request);
        return {};
      },
    },
  });
  expect(await screen.findByText('No calls match these filters')).toBeVisible();
  expect(asked.mock.lastCall?.[0]).toMatchObject({
    filter: { outcome: 'server_error', group: '' },
    withAttempts: true,
  });
  await screen.findByRole('option', { name: 'chat' });
  await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Group' }), 'chat');
  await waitFor(() =>
    expect(asked.mock.lastCall?.[0]).toMatchObject({ filter: { outcome: 'server_error', group: 'chat' } }),
  );
  expect(router.state.location.search).toEqual({ outcome: 'server_error', group: 'chat' });
  await userEvent.click(screen.getByRole('button', { name: 'Clear filters' }));
  expect(await screen.findByText('No calls yet')).toBeVisible();
});

test('older calls come by the page token', async () => {
  renderApp('/calls', {
    calls: {
      listCalls: ({ pageToken }) =>
        pageToken === ''
          ? { calls: [call({ id: 'new', group: 'newest' })], nextPageToken: 'p2' }
          : { calls: [call({ id: 'old', group: `from-${pageToken}` })] },
    },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Show older calls' }));
  expect(await screen.findByText('from-p2')).toBeVisible();
  expect(screen.getByText('newest')).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Show older calls' })).toBeNull();
});

test('a call in the URL that is gone says so', async () => {
  renderApp('/calls?call=gone', {
    calls: { getCall: () => Promise.reject(new ConnectError('there is no such call', Code.NotFound)) },
  });
  expect(await screen.findByText('It is not there any more')).toBeVisible();
});
