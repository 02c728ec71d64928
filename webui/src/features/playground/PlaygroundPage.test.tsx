import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import type { ListCallsRequest } from '@/gen/trunkline/admin/v1/call_pb';
import { renderApp } from '@/test/renderApp';

afterEach(() => vi.unstubAllGlobals());

const groups = { listGroups: () => ({ groups: [{ name: 'chat' }, { name: 'other' }] }) };
const keys = { listApiKeys: () => ({ apiKeys: [{ name: 'app' }], totalSize: 1 }) };
const stored = {
  id: 'req_1',
  stream: true,
  firstTokenLatency: durationFromMs(200),
  duration: durationFromMs(10_200),
  usage: { inputTokens: 12n, outputTokens: 515n },
  cost: '0.0042',
  attempts: [
    {
      provider: 'azure',
      model: 'a',
      outcome: 'rate_limited',
      status: 429,
      reason: 'too many',
      duration: durationFromMs(40),
    },
    { provider: 'openai', model: 'b', outcome: 'ok', status: 200, duration: durationFromMs(1100) },
  ],
};

/** A gateway whose streams are written by the test. */
function gateway() {
  let write: ReadableStreamDefaultController<Uint8Array> | undefined;
  const asked = vi.fn(async (_url: string, init: RequestInit) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        write = controller;
        init.signal?.addEventListener('abort', () => controller.error(init.signal?.reason));
      },
    });
    const headers = {
      'content-type': 'text/event-stream',
      'x-request-id': 'req_1',
      'x-trunkline-provider': 'openai',
      'x-trunkline-attempts': '2',
    };
    return new Response(body, { headers });
  });
  vi.stubGlobal('fetch', asked);
  const says = (line: string) => write?.enqueue(new TextEncoder().encode(`data: ${line}\n\n`));
  return {
    asked,
    says,
    text: (content: string) => says(JSON.stringify({ choices: [{ delta: { content } }] })),
  };
}

async function fill({ prompt = 'Hi' } = {}) {
  await userEvent.type(await screen.findByLabelText('API key'), 'sk-canary');
  await userEvent.type(screen.getByLabelText('User'), prompt);
}
const send = () => userEvent.click(screen.getByRole('button', { name: /^Send/ }));

test('an answer comes as text, with who answers at its side, and then what the call log knows', async () => {
  const gw = gateway();
  let ready = false;
  const listCalls = ({ filter }: ListCallsRequest) => ({ calls: ready && filter?.id === 'req_1' ? [stored] : [] });
  renderApp('/playground?group=chat', { groups, keys, calls: { listCalls } });
  await fill();
  await send();
  gw.text('<b>not bold</b>');
  expect(await screen.findByText('<b>not bold</b>')).toBeVisible();
  expect(screen.getByText('openai')).toBeVisible();
  expect(screen.getByText('req_1')).toBeVisible();
  gw.says('[DONE]');
  expect(await screen.findByText('Complete')).toBeVisible();
  expect(await screen.findByText('Waiting for the call log')).toBeVisible();
  ready = true;
  const first = within((await screen.findByText('azure')).closest('li') as HTMLElement);
  expect(first.getByText('too many')).toBeVisible();
  expect(first.getByText('429')).toBeVisible();
  expect(screen.getByText('51.5')).toBeVisible(); // 515 tokens in the 10 s after the first
  expect(screen.getByText('$0.0042')).toBeVisible();
  expect(screen.getByRole('link', { name: 'Open in the call log' })).toHaveAttribute('href', '/calls?call=req_1');
});

test('only parameters that are filled in are sent, as the code says too', async () => {
  const gw = gateway();
  renderApp('/playground?group=chat', { groups, keys });
  await fill();
  await userEvent.type(screen.getByLabelText('System prompt'), 'Be brief');
  await userEvent.type(screen.getByLabelText('Temperature (0 to 2)'), '0.2');
  await send();
  expect(JSON.parse(String(gw.asked.mock.calls[0]?.[1].body))).toEqual({
    model: 'chat',
    messages: [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'Hi' },
    ],
    temperature: 0.2,
    stream: true,
  });
  const code = screen.getByText(/^curl -N/);
  expect(code).toHaveTextContent('"temperature": 0.2, "stream": true');
  expect(code).not.toHaveTextContent('canary');
});

test('Stop keeps the text, and the conversation can go on with it', async () => {
  const gw = gateway();
  renderApp('/playground?group=chat', { groups, keys });
  await fill();
  await send();
  gw.text('Half an ans');
  await screen.findByText('Half an ans');
  await userEvent.click(screen.getByRole('button', { name: 'Stop' }));
  expect(await screen.findByText('Stopped by you')).toBeVisible();
  expect(screen.getByText('Half an ans')).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Continue the conversation' }));
  expect(screen.getByLabelText('Assistant')).toHaveValue('Half an ans');
  expect(screen.getAllByLabelText('User')).toHaveLength(2);
});

test('a stream that breaks off keeps its text and names the provider and the error', async () => {
  const gw = gateway();
  renderApp('/playground?group=chat', { groups, keys });
  await fill();
  await send();
  gw.text('Half an ans');
  gw.says('{"error":{"message":"upstream hung up","code":"stream_error"}}');
  const alert = await screen.findByRole('alert');
  expect(alert).toHaveTextContent('The answer from openai was interrupted');
  expect(alert).toHaveTextContent('upstream hung up');
  expect(alert).toHaveTextContent('stream_error');
  expect(screen.getByText('Half an ans')).toBeVisible();
});

test('a gateway elsewhere that does not know the console: the setting, and the origin to copy', async () => {
  vi.stubGlobal('fetch', async (_url: string, init: RequestInit) => {
    if (init.mode === 'no-cors') return new Response();
    throw new TypeError('Failed to fetch');
  });
  renderApp('/playground?group=chat', {
    groups,
    keys,
    session: { whoAmI: () => ({ username: 'ada', gatewayUrl: 'https://gw.test/v1' }) },
  });
  await fill();
  await send();
  const alert = within(await screen.findByRole('alert'));
  expect(alert.getByText('https://gw.test')).toBeVisible();
  expect(alert.getByText(window.location.origin)).toBeVisible();
  expect(alert.getByRole('link', { name: /Allowed origins/ })).toHaveAttribute('href', '/settings?section=data');
});

test('says what is missing; without any key there is a way to make one', async () => {
  renderApp('/playground', { groups });
  expect(await screen.findByText('Choose a group first')).toBeVisible();
  expect(screen.getByRole('button', { name: /^Send/ })).toBeDisabled();
  expect(await screen.findByText(/There is no API key yet/)).toBeVisible();
  expect(screen.getByRole('link', { name: 'Create an API key' })).toHaveAttribute('href', '/keys?new=true');
  await userEvent.click(screen.getByRole('button', { name: 'Say hello in five languages.' }));
  expect(screen.getByLabelText('User')).toHaveValue('Say hello in five languages.');
});

test('groups are searched by the server', async () => {
  const listGroups = vi.fn((req: { search: string }) => ({ groups: req.search ? [{ name: 'reasoning' }] : [] }));
  const { router } = renderApp('/playground', { groups: { listGroups }, keys });
  await userEvent.type(await screen.findByRole('combobox', { name: /^Group/ }), 'reas');
  await userEvent.click(await screen.findByRole('option', { name: 'reasoning' }));
  await waitFor(() => expect(router.state.location.search).toEqual({ group: 'reasoning' }));
});

test('the key is written nowhere', async () => {
  gateway();
  renderApp('/playground?group=chat', { groups, keys });
  await fill();
  await send();
  expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain('canary');
  expect(window.location.href).not.toContain('canary');
});
