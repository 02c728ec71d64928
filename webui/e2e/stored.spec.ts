// Responses that a provider stores, on a real Trunkline: what the console says of one that is made in the background,
// of one that goes on with it, and of one that failed.
import { audit, expect, test, tooWide, useConsole, violations } from './fixture';
import { useUpstream } from './upstream';

const it = useConsole('empty');
const KEY = 'sk-stored-spec-0123456789abcdef';
let made = 0;

/** A response of the provider: those that fail say so in their id. */
const response = (id: string, status: string) => ({
  id,
  object: 'response',
  status,
  model: 'm',
  output: [],
  ...(status === 'failed' && { error: { code: 'server_error', message: 'the model broke' } }),
  ...(status === 'completed' && { usage: { input_tokens: 31, output_tokens: 7, total_tokens: 38 } }),
});

const upstream = useUpstream(({ path, body }) => {
  const id = path.split('/')[3] ?? `resp_${body.input === 'fail' ? 'bad' : 'ok'}${++made}`;
  const ended = id.includes('bad') ? 'failed' : 'completed';
  return { json: response(id, body.background ? 'queued' : ended) };
});

test.beforeAll(async () => {
  await it.server.call('ProviderService/CreateProvider', {
    provider: {
      name: 'up',
      baseUrl: `${upstream.url}/v1`,
      credentials: [{ name: 'main', secret: 'key-of-the-upstream' }],
      models: [{ id: 'm' }],
    },
  });
  await it.server.call('GroupService/CreateGroup', {
    group: { name: 'think', members: [{ provider: 'up', model: 'm' }] },
  });
  await it.server.call('KeyService/CreateApiKey', { apiKey: { name: 'app', groups: ['think'], secret: KEY } });
});

const ask = async (path: string, body?: object) => {
  const answer = await fetch(`${it.server.url}/v1/responses${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${KEY}` },
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as { id: string; status: string } };
};
type Call = { id: string; background?: boolean; previousResponseId?: string; outcome?: string };
/** The first stored call of a kind, opened. */
const opened = async (isMeant: (call: Call) => boolean) => {
  let id = '';
  await expect
    .poll(
      async () => {
        const { calls = [] } = await it.server.call<{ calls?: Call[] }>('CallService/ListCalls');
        id = calls.find(isMeant)?.id ?? '';
        return id;
      },
      { timeout: 30_000 },
    )
    .not.toBe('');
  await it.page.goto(`/calls?call=${id}`);
  return it.page.getByRole('dialog');
};

test('a response made in the background is one call, that says which response it was', async () => {
  const { page } = it;
  await expect.poll(async () => (await ask('', { model: 'think', input: 'x', background: true })).status).toBe(200);
  const begun = await ask('', { model: 'think', input: 'hi', background: true });
  expect(begun.body.status).toBe('queued');
  await expect.poll(async () => (await ask(`/${begun.body.id}`)).body.status).toBe('completed');
  const call = await opened((one) => one.background === true);
  await expect(call.getByText('In the background', { exact: true })).toBeVisible();
  await expect(call.getByText('The call ended with its response')).toBeVisible();
  await expect(call.getByText('Stored response')).toBeVisible();
  await expect(call.getByText('31', { exact: true })).toBeVisible();
  expect(await audit(page, 'a call in the background')).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await tooWide(page)).toBe(0);
  await page.setViewportSize({ width: 1440, height: 900 });

  const next = await ask('', { model: 'think', input: 'more', previous_response_id: begun.body.id });
  expect(next.status).toBe(200);
  const later = await opened((one) => one.previousResponseId !== undefined && one.previousResponseId !== '');
  await expect(later.getByText('Continues response')).toBeVisible();
});

test('one that failed at the provider is a call that failed', async () => {
  const { page } = it;
  const begun = await ask('', { model: 'think', input: 'fail', background: true });
  await expect.poll(async () => (await ask(`/${begun.body.id}`)).body.status).toBe('failed');
  const call = await opened((one) => one.background === true && one.outcome === 'server_error');
  await expect(call.getByText('In the background', { exact: true })).toBeVisible();
  await expect(call.getByText('Server error').first()).toBeVisible();
  expect(await violations(page)).toEqual([]);
});
