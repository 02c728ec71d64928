// What a provider is sent and what it refuses, on a real Trunkline with an upstream that tells what it got; then
// what the console says of a file that was refused at the start, and of calls that a killed process kept no record of.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { audit, expect, signIn, soon, test, tooWide, useConsole, violations } from './fixture';
import { startServer } from './server';
import { type Received, useUpstream } from './upstream';

const it = useConsole('empty');
const KEY = 'sk-trust-0123456789abcdef';
const GATE = 'gate-secret-of-the-console-test-0123-4711';
const SIGNATURE = 'signature-of-the-console-test-0123-0815';

let received: Received[] = [];
const upstream = useUpstream((request) => {
  received.push(request);
  const { path, body } = request;
  if (path.startsWith('/strict') && 'temperature' in body) {
    const error = {
      message: "Unsupported parameter: 'temperature' is not supported with this model.",
      type: 'invalid_request_error',
      param: 'temperature',
      code: 'unsupported_parameter',
    };
    return { status: 400, json: { error } };
  }
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }];
  const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };
  return { json: { id: 'c', object: 'chat.completion', model: body.model, choices, usage } };
});

test.beforeAll(async () => {
  const models = [{ id: 'm' }];
  const credentials = [{ name: 'main', secret: 'key-of-the-upstream' }];
  for (const name of ['gated', 'strict'])
    await it.server.call('ProviderService/CreateProvider', {
      provider: { name, baseUrl: `${upstream.url}/${name}/v1`, credentials, models },
    });
  const member = (provider: string, priority: number) => ({ provider, model: 'm', priority });
  await it.server.call('GroupService/CreateGroup', { group: { name: 'gated', members: [member('gated', 1)] } });
  await it.server.call('GroupService/CreateGroup', {
    group: { name: 'both', members: [member('strict', 1), member('gated', 2)] },
  });
  await it.server.call('KeyService/CreateApiKey', {
    apiKey: { name: 'app', groups: ['gated', 'both'], secret: KEY },
  });
});

/** Calls as an app does and gives what upstreams got of it. */
async function ask(model: string, more: object = {}, headers: Record<string, string> = {}) {
  received = [];
  const answer = await fetch(`${it.server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${KEY}`, ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], ...more }),
  });
  expect(answer.status, await answer.text()).toBe(200);
  return received;
}

test('secret headers, passed-on headers and field rules: refused, corrected, saved, sent, never shown again', async () => {
  const { page } = it;
  await page.goto('/providers?provider=gated&tab=settings');
  await page.getByRole('button', { name: 'Add header' }).first().click();
  await page.getByLabel('Extra headers 1: Name').fill('X-Gate-Token');
  await page.getByLabel('Extra headers 1: Value').fill(GATE);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText(/Looks like a secret; give it in secret_headers/)).toBeVisible();
  await page
    .getByRole('group', { name: 'Extra headers' })
    .getByRole('button', { name: /^Remove/ })
    .click();

  await page.getByRole('button', { name: 'Add header' }).last().click();
  const header = page.getByRole('group', { name: 'Secret headers' });
  await header.getByLabel('Name').fill('X-Gate-Token');
  await page.getByRole('group', { name: 'X-Gate-Token' }).getByLabel('Value').fill(GATE);
  await page.getByRole('button', { name: 'Add parameter' }).click();
  await page.getByRole('group', { name: 'Secret query parameters' }).getByLabel('Name').fill('sig');
  await page.getByRole('group', { name: 'sig' }).getByLabel('Value').fill(SIGNATURE);
  const forward = page.getByRole('combobox', { name: 'Forwarded headers' });
  await forward.fill('X-Title');
  await forward.press('Enter');
  await page.getByRole('button', { name: 'Add a rule' }).click();
  await page.getByRole('textbox', { name: 'Field rules 1: field' }).fill('user');
  expect(await audit(page, 'the settings of a provider')).toEqual([]);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('group', { name: 'X-Gate-Token' }).getByText('4711')).toBeVisible();

  await expect(async () => {
    const [got] = await ask('gated', { user: 'somebody' }, { 'X-Title': 'The app', 'X-Other': 'no' });
    expect(got?.headers).toMatchObject({ 'x-gate-token': GATE, 'x-title': 'The app' });
    expect(got?.headers).not.toHaveProperty('x-other');
    expect(new URL(got?.path ?? '', 'http://x').searchParams.get('sig')).toBe(SIGNATURE);
    expect(got?.body).not.toHaveProperty('user');
  }).toPass(); // it is live soon after it is saved

  await page.reload();
  await expect(page.getByRole('group', { name: 'sig' }).getByText('0815')).toBeVisible();
  expect(await page.content()).not.toContain(GATE);
  expect(JSON.stringify(await it.server.call('ProviderService/GetProvider', { name: 'gated' }))).not.toContain(GATE);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await tooWide(page)).toBe(0);
  await page.setViewportSize({ width: 1440, height: 900 });
  expect(await violations(page)).toEqual([]);
});

test('a refused parameter is learned, shown, and becomes a rule in one click', async () => {
  const { page } = it;
  const first = await ask('both', { temperature: 0.5 });
  expect(first.map(({ path }) => path.split('/')[1])).toEqual(['strict', 'gated']);
  expect((await ask('both', { temperature: 0.5 })).map(({ path }) => path.split('/')[1])).toEqual(['gated']);

  await page.goto('/providers?provider=strict');
  await soon(page, (patience) => expect(page.getByText('temperature · chat/completions')).toBeVisible(patience));
  await page.getByRole('button', { name: 'Add rule: drop temperature' }).click();
  await expect(page.getByRole('button', { name: /^Add rule/ })).toHaveCount(0);
  await it.server.call('ProviderService/ResetCooldown', { provider: 'strict' });
  await expect(async () => {
    const [got] = await ask('both', { temperature: 0.5 });
    expect(got?.path).toMatch(/^\/strict/);
    expect(got?.body).not.toHaveProperty('temperature');
  }).toPass();
});

test('calls of a killed process show as a gap where they are', async () => {
  const { page, server } = it;
  await ask('gated');
  await server.restart('SIGKILL');
  await expect(() => ask('gated')).toPass(); // it listens before it is ready
  await expect(async () => {
    const { gaps = [] } = await server.call<{ gaps?: { reason: string }[] }>('CallService/ListGaps');
    expect(gaps.map(({ reason }) => reason)).toEqual(['killed']);
  }).toPass();
  await page.goto('/calls');
  await expect(page.getByText('The node was killed or crashed; how many is unknown.').first()).toBeVisible();
  expect(await audit(page, 'calls with a gap')).toEqual([]);
});

test('a file that is refused at the start is shown with its reason, and the gateway runs', async ({ browser }) => {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-apply-'));
  const file = join(folder, 'bad.yaml');
  writeFileSync(file, 'kind: Group\nname: g\nmembers: [{provider: nobody, model: m}]\n');
  const server = await startServer('empty', { env: { TRUNKLINE_APPLY: file } });
  const context = await browser.newContext({ baseURL: server.url, locale: 'en-US' });
  try {
    const page = await context.newPage();
    await signIn(page);
    await expect(page.getByText('The file of --apply was refused.')).toBeVisible();
    await page.getByText('Show the reason').click();
    await expect(page.getByText(/refers to provider "nobody", which does not exist/)).toBeVisible();
    expect(await audit(page, 'a refused file')).toEqual([]);
  } finally {
    await context.close();
    await server.remove();
    rmSync(folder, { recursive: true });
  }
});
