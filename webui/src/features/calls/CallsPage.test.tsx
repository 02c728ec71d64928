import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { cleanup, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { type Call, CallSchema, type ListCallsRequest } from '@/gen/trunkline/admin/v1/call_pb';
import { renderApp } from '@/test/renderApp';

const AT = 1_795_000_000_000;
const call = (init: MessageInitShape<typeof CallSchema>): Call =>
  create(CallSchema, {
    startTime: timestampFromMs(AT),
    group: 'chat',
    model: 'chat',
    apiKey: 'app',
    node: 'node-1',
    endpoint: '/v1/chat/completions',
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
  skipped: [
    { provider: 'zeroth', model: 'm', reason: 'overloaded', untilTime: timestampFromMs(AT + 30_000) },
    { provider: 'plain', model: 'm', reason: 'not_translatable', parameter: 'previous_response_id' },
  ],
  attempts: [
    {
      provider: 'first',
      model: 'm',
      outcome: 'rate_limited',
      status: 429,
      blame: 'credential',
      duration: { nanos: 212_000_000 },
      reason: 'retry after 20 s',
    },
    {
      provider: 'second',
      model: 'm',
      outcome: 'ok',
      status: 200,
      startOffset: { nanos: 312_000_000 },
      duration: { seconds: 2n },
      translation: { from: 'messages', to: 'chat', approximated: ['thinking'], dropped: ['cache_control', 'metadata'] },
    },
  ],
});

test('attempts beside each other show when each began, and that nobody failed', async () => {
  const hedged = call({
    id: 'req_9',
    provider: 'second',
    attemptCount: 2,
    attempts: [
      {
        provider: 'first',
        model: 'm',
        outcome: 'superseded',
        duration: { seconds: 2n },
        reason: 'another attempt had the last word',
        maybeBilled: true,
      },
      {
        provider: 'second',
        model: 'm',
        outcome: 'ok',
        status: 200,
        startOffset: { nanos: 500_000_000 },
        duration: { nanos: 900_000_000 },
      },
    ],
  });
  renderApp('/calls?call=req_9', {
    calls: { listCalls: () => ({ calls: [hedged] }), getCall: () => ({ call: hedged }) },
  });
  const panel = within(await screen.findByRole('dialog', { name: /Call/ }));
  expect(await panel.findByText('Superseded')).toBeVisible();
  expect(panel.getByText('second answered before the attempt running beside it.')).toBeVisible();
  expect(panel.getByText('another attempt had the last word')).not.toHaveTextContent('Counts against');
  expect(panel.getByText('started after 500 ms')).toBeVisible();
  expect(panel.getByText('Started while the previous one was running')).toBeVisible();
  expect(panel.queryByText(/failed/)).toBeNull();
});

test('an attempt says how long the model was at work, what rules changed, what was cut out and that it was a second try', async () => {
  const told = call({
    id: 'req_6',
    provider: 'first',
    attemptCount: 1,
    attempts: [
      {
        provider: 'first',
        model: 'm',
        outcome: 'ok',
        status: 200,
        workingLatency: { seconds: 2n },
        duration: { seconds: 90n },
        fieldRules: ['drop user', 'force temperature'],
        opaqueItemsCut: 3,
        again: true,
      },
    ],
  });
  renderApp('/calls?call=req_6', {
    calls: { listCalls: () => ({ calls: [told] }), getCall: () => ({ call: told }) },
  });
  const panel = within(await screen.findByRole('dialog', { name: /Call/ }));
  expect(await panel.findByText('working after 2 s')).toBeVisible();
  expect(panel.getByText('field rules: drop user, force temperature')).toBeVisible();
  expect(panel.getByText('opaque items removed: 3')).toBeVisible();
  expect(panel.getByText('retried')).toBeVisible();
});

test('a call says its cost, then what each attempt cost, then what the answer is made of', async () => {
  const charged = call({
    id: 'req_8',
    provider: 'second',
    attemptCount: 2,
    cost: '0.05',
    usage: { inputTokens: 1000n, outputTokens: 500n, serviceTier: 'flex' },
    attempts: [
      {
        provider: 'first',
        model: 'm',
        outcome: 'failure_keyword',
        keyword: 'busy',
        reason: 'failure keyword busy: come back later',
        cost: '0.02',
      },
      {
        provider: 'second',
        model: 'm',
        outcome: 'ok',
        status: 200,
        cost: '0.03',
        costParts: [
          { kind: 'input', quantity: 1000n, cost: '0.01' },
          { kind: 'output', quantity: 500n, cost: '0.02' },
        ],
      },
    ],
  });
  renderApp('/calls?call=req_8', {
    calls: { listCalls: () => ({ calls: [charged] }), getCall: () => ({ call: charged }) },
  });
  const panel = within(await screen.findByRole('dialog', { name: /Call/ }));
  await panel.findByText('of which: Input');
  expect(panel.getByText('come back later')).toBeVisible();
  expect(panel.getByRole('link', { name: 'keyword busy' })).toHaveAttribute('href', '/keywords?keyword=busy');
  const names = panel.getAllByRole('term').map((name) => name.textContent);
  expect(names.slice(names.indexOf('Service tier'))).toEqual([
    'Service tier',
    'Cost',
    'Attempt 1, first',
    'Attempt 2, second',
    'of which: Input',
    'of which: Output',
  ]);
});

test('a call of a sticky group says what told its conversation, and where it was held', async () => {
  const held = call({ id: 'req_8', affinityKey: 'first_message', affinityHeld: true });
  const newer = call({ id: 'req_7', affinityKey: 'not_known_yet' });
  const calls = [held, newer];
  const backend = {
    listCalls: () => ({ calls }),
    getCall: ({ id }: { id: string }) => ({ call: calls.find((c) => c.id === id) }),
  };
  renderApp('/calls?call=req_8', { calls: backend });
  const panel = within(await screen.findByRole('dialog', { name: /Call/ }));
  expect(await panel.findByText('System prompt and first message')).toBeVisible();
  expect(panel.getByText('Kept where a failover had moved it')).toBeVisible();
  cleanup();
  renderApp('/calls?call=req_7', { calls: backend });
  expect(await screen.findByText('not_known_yet')).toBeVisible();
  expect(screen.queryByText('Kept where a failover had moved it')).toBeNull();
});

test('a failover shows in the row, and in full in the panel', async () => {
  const { router } = renderApp('/calls', {
    calls: { listCalls: () => ({ calls: [failedOver] }), getCall: () => ({ call: failedOver }) },
  });
  const row = within(await screen.findByRole('row', { name: /chat/ }));
  expect(row.getByText('first')).toBeVisible();
  expect(row.getByText('429')).toBeVisible();
  expect(row.getByText('second')).toBeVisible();
  expect(row.getByText('200')).toBeVisible();
  expect(row.getByText('2 attempts')).toBeVisible();
  expect(row.getByText('3.12 s')).toBeVisible();
  expect(row.getByText('2.2K')).toBeVisible();

  await userEvent.click(row.getByRole('link'));
  const panel = within(await screen.findByRole('dialog', { name: /Call/ }));
  expect(await panel.findByText('Rate limited')).toBeVisible();
  expect(panel.getByText('1 attempt failed, then second answered.')).toBeVisible();
  expect(panel.getByText(/retry after 20 s/)).toHaveTextContent('Counts against the credential.');
  expect(panel.getByText(/its API cannot express previous_response_id/)).toHaveTextContent('plain');
  expect(panel.getByText('translated messages → chat')).toBeVisible();
  expect(panel.getByText('approximated: thinking')).toBeVisible();
  expect(panel.getByText('dropped: cache_control and metadata')).toBeVisible();
  expect(panel.getByText(/skipped: cooling down until .* after: Overloaded/)).toHaveTextContent('zeroth');
  expect(panel.getByText('started after 312 ms')).toBeVisible();
  expect(panel.getByText('waited 100 ms first')).toBeVisible();
  expect(panel.getByRole('link', { name: 'app' })).toHaveAttribute('href', '/keys?key=app');
  expect(router.state.location.search).toEqual({ call: 'req_1' });
  await userEvent.keyboard('{Escape}');
  await waitFor(() => expect(router.state.location.search).toEqual({}));
});

test('the address filters the list, and filters go into the address', async () => {
  const asked = vi.fn<(r: ListCallsRequest) => void>();
  const { router } = renderApp(
    '/calls?outcome=server_error&model=gpt&status=502&stream=true&minMs=1500&minCost=0.05&node=n1&failedOver=true&attemptOutcome=busy&clientRequestId=c-1&traceId=4bf92f3577b34da6a3ce929d0e0e4736&user=ann&metadata=team%3Dsearch',
    {
      groups: { listGroups: () => ({ groups: [{ name: 'chat' }] }) },
      calls: {
        listCalls: (request) => {
          if (request.filter?.startTime) asked(request);
          return {};
        },
      },
    },
  );
  expect(await screen.findByText('No calls match these filters')).toBeVisible();
  expect(asked.mock.lastCall?.[0]).toMatchObject({
    withAttempts: true,
    filter: {
      outcome: 'server_error',
      model: 'gpt',
      status: 502,
      stream: true,
      minDuration: { seconds: 1n, nanos: 500_000_000 },
      minCost: '0.05',
      node: 'n1',
      failedOver: true,
      attemptOutcome: 'busy',
      clientRequestId: 'c-1',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      user: 'ann',
      metadata: 'team=search',
      group: '',
    },
  });
  expect(asked.mock.lastCall?.[0].filter?.endTime).toBeUndefined();
  expect(screen.getByText(/No bars for these filters/)).toBeVisible();
  expect(screen.getByRole('button', { name: 'Failed over' })).toHaveAttribute('aria-pressed', 'true');

  await userEvent.click(screen.getByRole('button', { name: 'Remove filter: Status 502' }));
  await waitFor(() => expect(asked.mock.lastCall?.[0].filter?.status).toBe(0));
  expect(router.state.location.search).not.toHaveProperty('status');
  await userEvent.click(screen.getByRole('combobox', { name: 'Group' }));
  await userEvent.click(await screen.findByRole('option', { name: 'chat' }));
  await waitFor(() => expect(asked.mock.lastCall?.[0].filter?.group).toBe('chat'));
  expect(router.state.location.search).toMatchObject({ group: 'chat', outcome: 'server_error' });

  const clear = screen.getAllByRole('button', { name: 'Clear filters' })[0];
  await userEvent.click(clear as HTMLElement);
  expect(await screen.findByText('No calls yet')).toBeVisible();
  expect(router.state.location.search).toEqual({});
});

test('slow and expensive are measured by the calls of the period', async () => {
  const { router } = renderApp('/calls', {
    usage: {
      summarizeUsage: () => ({
        total: { calls: 10n, cost: '0.4', duration: { p95: { seconds: 2n, nanos: 840_000_000 } } },
      }),
    },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Slow: 2.8 s or more' }));
  await userEvent.click(await screen.findByRole('button', { name: 'Expensive: $0.20 or more' }));
  await waitFor(() => expect(router.state.location.search).toEqual({ minMs: 2800, minCost: 0.2 }));
});

test('a request id finds its call whatever the period', async () => {
  const asked = vi.fn<(r: ListCallsRequest) => void>();
  renderApp('/calls?range=1h', {
    calls: {
      listCalls: (request) => {
        asked(request);
        return request.filter?.id === 'req_1' ? { calls: [failedOver] } : {};
      },
    },
  });
  await userEvent.type(await screen.findByRole('searchbox', { name: 'Find by request ID' }), 'req_1 ');
  expect(await screen.findByRole('row', { name: /chat/ })).toBeVisible();
  expect(asked.mock.lastCall?.[0].filter).toMatchObject({ id: 'req_1' });
  expect(asked.mock.lastCall?.[0].filter?.startTime).toBeUndefined();
  await userEvent.type(screen.getByRole('searchbox', { name: 'Find by request ID' }), '9');
  expect(await screen.findByText('No call has this request ID')).toBeVisible();
});

test('older calls come by the page token, and J walks on into them', async () => {
  const { router } = renderApp('/calls', {
    calls: {
      listCalls: ({ pageToken }) =>
        pageToken === ''
          ? { calls: [call({ id: 'a', group: 'newest' }), call({ id: 'b' })], nextPageToken: 'p2' }
          : { calls: [call({ id: 'c', group: `from-${pageToken}` })] },
      getCall: ({ id }) => ({ call: call({ id }) }),
    },
  });
  await userEvent.click(within(await screen.findByRole('row', { name: /newest/ })).getByRole('link'));
  await screen.findByRole('dialog', { name: /Call/ });
  await userEvent.keyboard('j');
  await waitFor(() => expect(router.state.location.search).toEqual({ call: 'b' }));
  await userEvent.keyboard('j');
  await waitFor(() => expect(router.state.location.search).toEqual({ call: 'c' }));
  await userEvent.keyboard('k');
  await waitFor(() => expect(router.state.location.search).toEqual({ call: 'b' }));
  await userEvent.keyboard('{Escape}');
  expect(await screen.findByText('from-p2')).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Show older calls' })).toBeNull();
});

test('calls that come in are counted, not thrown into the list', async () => {
  let send: () => void = () => undefined;
  const stored = new Promise<void>((done) => {
    send = done;
  });
  let calls = [call({ id: 'old', group: 'before' })];
  renderApp('/calls', {
    calls: {
      listCalls: () => ({ calls }),
      tailCalls: async function* (_, { signal }) {
        await stored;
        yield { call: calls[0] };
        yield { call: call({ id: 'new-1' }), skipped: 2n };
        await new Promise((done) => signal.addEventListener('abort', done));
      },
    },
  });
  expect(await screen.findByText('before')).toBeVisible();
  calls = [call({ id: 'new-1', group: 'after' }), ...calls];
  send();
  await userEvent.click(await screen.findByRole('button', { name: '3 new calls' }));
  expect(screen.getByText('Live')).toBeVisible();
  expect(await screen.findByText('after')).toBeVisible();
  expect(screen.queryByRole('button', { name: /new call/ })).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Pause' }));
  expect(screen.getByText('Paused')).toBeVisible();
});

test('a time without records stands where it is', async () => {
  renderApp('/calls', {
    calls: {
      listCalls: () => ({
        calls: [call({ id: 'late', startTime: timestampFromMs(AT + 9000) }), call({ id: 'early' })],
      }),
      listGaps: () => ({
        gaps: [
          {
            id: 'g',
            node: 'node-1',
            calls: 12n,
            reason: 'spool_full',
            startTime: timestampFromMs(AT + 2000),
            endTime: timestampFromMs(AT + 5000),
          },
        ],
      }),
    },
  });
  const gap = await screen.findByRole('row', { name: /No record of 12 calls on node-1/ });
  expect(gap).toHaveTextContent('the spool was full. Usage does not count them.');
  expect(screen.getAllByRole('row').indexOf(gap)).toBe(2);
});

test('bodies are read when asked for, and that they are not kept is said with what to do', async () => {
  const read = vi.fn();
  renderApp('/calls?call=req_1', {
    calls: {
      getCall: () => ({ call: failedOver }),
      getCallBody: () => {
        read();
        throw new ConnectError('no body is kept', Code.NotFound);
      },
    },
  });
  const show = await screen.findByRole('button', { name: 'Show request and answer' });
  expect(read).not.toHaveBeenCalled();
  await userEvent.click(show);
  const word = await screen.findByText(/Not stored\. Turn it on in the group/);
  expect(within(word).getByRole('link', { name: 'chat' })).toHaveAttribute('href', '/groups?group=chat');
});

test('a kept body is shown as text, and as who looked before', async () => {
  renderApp('/calls?call=req_1', {
    calls: {
      getCall: () => ({ call: failedOver }),
      getCallBody: () => ({
        body: {
          request: '{"model":"chat"}',
          response: '<b>hi</b>',
          responseTruncated: true,
          requestHeaders: [{ name: 'User-Agent', value: 'codex/1' }],
          responseHeaders: [{ name: 'Content-Type', value: 'text/event-stream' }],
        },
        reads: [{ actor: 'user:ada' }, { actor: 'token:ci', readTime: timestampFromMs(AT) }],
      }),
    },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Show request and answer' }));
  expect(await screen.findByText(/"model": "chat"/)).toBeVisible();
  expect(screen.getByText(/Viewed before by token:ci/)).toBeVisible();
  await userEvent.click(screen.getByRole('tab', { name: 'Answer' }));
  expect(screen.getByText('<b>hi</b>')).toBeVisible();
  expect(screen.getByText('Truncated: longer than what is kept')).toBeVisible();
  await userEvent.click(screen.getByRole('tab', { name: 'Headers' }));
  expect(screen.getByText(/User-Agent: codex\/1\s+Answer\s+Content-Type: text\/event-stream/)).toBeVisible();
});

test('a call in the address that is gone says so', async () => {
  renderApp('/calls?call=gone', {
    calls: { getCall: () => Promise.reject(new ConnectError('there is no such call', Code.NotFound)) },
  });
  expect(await screen.findByText('No call has this request ID')).toBeVisible();
});

test('a list that cannot be read says so and is tried again', async () => {
  let fails = true;
  renderApp('/calls', {
    calls: {
      listCalls: () => {
        if (fails) throw new ConnectError('disk full', Code.FailedPrecondition);
        return { calls: [failedOver] };
      },
    },
  });
  expect(await screen.findByText('disk full')).toBeVisible();
  fails = false;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('row', { name: /chat/ })).toBeVisible();
});

test('a search that ended early says how far it looked, and goes on from there', async () => {
  const found = call({ id: 'req_rare', provider: 'seldom' });
  const listCalls = vi.fn((req: ListCallsRequest) =>
    req.pageToken === 'on' ? { calls: [found] } : { nextPageToken: 'on', searchEndTime: timestampFromMs(AT) },
  );
  renderApp('/calls?model=rare', { calls: { listCalls } });
  expect(await screen.findByText('Nothing found so far')).toBeVisible();
  expect(screen.getByText(/^Searched back to .*; earlier calls have not been searched yet\.$/)).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Search further back' }));
  expect(await screen.findByText(/seldom/)).toBeVisible();
  expect(screen.queryByText(/Searched back to/)).toBeNull();
});
