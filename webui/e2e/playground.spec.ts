// The playground against a real gateway: streamed and plain answers, stopping, a failed-over call, errors, and
// a gateway of another origin.
import { expect, inspect, settled, signIn, test, useConsole, violations } from './fixture';
import { DEMO_KEY, startServer } from './server';

const it = useConsole('demo');

test.beforeAll(async () => {
  const group = (name: string, ...models: string[]) =>
    it.server.call('GroupService/CreateGroup', {
      group: { name, members: models.map((model, i) => ({ provider: 'play', model, priority: i + 1 })) },
    });
  await it.server.call('ProviderService/CreateProvider', {
    provider: {
      name: 'play',
      dialect: 'fake',
      models: ['endless', 'broken', 'down', 'good'].map((alias) => ({ id: `${BEHAVIOUR[alias]}@${alias}`, alias })),
    },
  });
  await group('play-endless', 'endless');
  await group('play-broken', 'broken');
  await group('play-moves', 'down', 'good');
  await group('play-down', 'down');
  await it.server.call('KeyService/CreateApiKey', {
    apiKey: { name: 'play', groups: ['play-endless', 'play-broken', 'play-moves', 'play-down'], secret: KEY },
  });
});

const KEY = 'sk-playground-canary-51';
const BEHAVIOUR: Record<string, string> = {
  endless: 'chunk-50ms+tokens-100000',
  broken: 'chunk-5ms+tokens-400+sse-error-mid-300', // far beyond what a node holds back to look for keywords
  down: 'status-503',
  good: 'echo',
};

async function open(group: string, { key = KEY, prompt = 'Hello there' } = {}) {
  await it.page.goto(`/playground?group=${group}`);
  await settled(it.page);
  await it.page.getByLabel('API key', { exact: true }).fill(key);
  await it.page.getByLabel('User', { exact: true }).fill(prompt);
}
const send = () => it.page.keyboard.press('Control+Enter');
const answer = () => it.page.getByRole('region', { name: 'Answer' });
const call = () => it.page.getByRole('complementary', { name: 'This call' });

test('a failed-over call, streamed: the answer, and all attempts with why the first ones failed', async () => {
  await open('play-moves');
  await send();
  await expect(answer()).toHaveText('Hello there');
  await expect(it.page.getByText('Complete', { exact: true })).toBeVisible();
  const attempts = call().getByRole('listitem');
  await expect(attempts).toHaveCount(3, { timeout: 20_000 }); // it is asked once more before the next one
  await expect(attempts.nth(0)).toContainText('503');
  await expect(attempts.nth(1)).toContainText('status-503@down');
  await expect(attempts.nth(2)).toContainText('echo@good');
  await expect(call().getByText('Output tokens')).toBeVisible();
  const link = call().getByRole('link', { name: 'Open in the call log' });
  await expect(link).toHaveAttribute('href', /\/calls\?call=/);
  expect(await violations(it.page)).toEqual([]);
});

test('a plain answer, and the conversation going on', async () => {
  await open('play-moves', { prompt: 'First words' });
  await it.page.getByRole('switch', { name: 'Stream' }).press('Space');
  await expect(it.page.getByRole('switch', { name: 'Stream' })).not.toBeChecked();
  await it.page.getByRole('button', { name: /^Send/ }).click();
  await expect(answer()).toHaveText('First words');
  await it.page.getByRole('button', { name: 'Continue the conversation' }).click();
  await expect(it.page.getByLabel('Assistant', { exact: true })).toHaveValue('First words');
  await it.page.getByLabel('User', { exact: true }).last().fill('Second words');
  await it.page.getByRole('button', { name: /^Send/ }).click();
  await expect(answer()).toHaveText('Second words');
  await expect(it.page.getByText(/"content": "First words"/).first()).toBeVisible();
});

test('Stop ends it at the provider too, and keeps what came', async () => {
  await open('play-endless');
  await send();
  await expect(answer()).toContainText('word word');
  await it.page.getByRole('button', { name: 'Stop' }).click();
  await expect(it.page.getByText('Stopped by you')).toBeVisible();
  await expect(answer()).toContainText('word word');
  await expect(call().getByRole('listitem')).toContainText('Client disconnected', { timeout: 20_000 });
});

test('a stream that breaks off keeps its text and names the provider', async () => {
  await open('play-broken');
  await send();
  const alert = it.page.getByRole('alert');
  await expect(alert).toContainText('The answer from play was interrupted');
  await expect(alert).toContainText('What had arrived by then is shown above.');
  await expect(answer()).toContainText('word word');
  // The error itself may be lost with the connection; the call log has it in any case.
  await expect(call().getByRole('listitem')).toContainText('Error in the stream', { timeout: 20_000 });
});

test('an error answer says what the gateway said, and its attempts; a wrong key is told at the key', async () => {
  await open('play-down');
  await send();
  await expect(it.page.getByRole('alert')).toContainText('The call failed with status 503');
  await expect(call().getByRole('listitem').first()).toContainText('503', { timeout: 20_000 });
  await open('play-down', { key: 'sk-wrong' });
  await send();
  await expect(it.page.getByText('The gateway does not accept this key')).toBeVisible();
  await expect(it.page.getByRole('alert')).toContainText('The call failed with status 401');
});

test('the key is gone when the page is left, and is stored nowhere', async () => {
  const { page, context } = it;
  await open('play-moves');
  await send();
  await expect(answer()).toHaveText('Hello there');
  expect(JSON.stringify(await context.storageState())).not.toContain(KEY);
  expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).not.toContain(KEY);
  await page.getByRole('navigation').getByRole('link', { name: 'Groups' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Groups' })).toBeVisible();
  await page.goBack();
  await expect(page.getByLabel('API key', { exact: true })).toHaveValue('');
});

test('a gateway of another origin: the policy allows it, the setting is named, and then it works', async ({
  browser,
}) => {
  test.setTimeout(120_000);
  const other = await startServer('empty', { env: { TRUNKLINE_GATEWAY_URL: it.server.url } });
  const context = await browser.newContext({ baseURL: other.url, locale: 'en-US' });
  const page = await context.newPage();
  const settings = await it.server.call<{ settings: { etag: string } }>('SettingsService/GetSettings');
  try {
    await signIn(page);
    await page.goto('/playground?group=chat-default');
    await page.getByLabel('API key', { exact: true }).fill(DEMO_KEY);
    await page.getByLabel('User', { exact: true }).fill('Hello');
    await page.keyboard.press('Control+Enter');
    const alert = page.getByRole('alert');
    await expect(alert).toContainText('The gateway does not let this page read its answers');
    await expect(alert.getByText(other.url, { exact: true })).toBeVisible();
    await it.server.call('SettingsService/UpdateSettings', {
      settings: { etag: settings.settings.etag, cors: { allowedOrigins: [other.url] } },
      updateMask: 'cors',
    });
    await expect(async () => {
      await page.keyboard.press('Control+Enter');
      await expect(page.getByText('Complete', { exact: true })).toBeVisible({ timeout: 2000 });
    }).toPass({ timeout: 30_000 });
    await expect(page.getByRole('complementary', { name: 'This call' })).toContainText('openai-direct');
  } finally {
    await context.close();
    await other.remove();
  }
});

test('axe finds nothing in any language and theme, and a phone needs no sideways scrolling', async () => {
  const { page } = it;
  const found = await inspect(page, ['/playground?group=play-broken'], async () => {
    await page.locator('input[type=password]').fill(KEY);
    await page.locator('main textarea').last().fill('Hello');
    await page.locator('main textarea').last().press('Control+Enter');
    await expect(page.getByRole('alert')).toBeVisible();
    await expect(page.locator('aside li')).toHaveCount(1, { timeout: 20_000 });
  });
  expect(found).toEqual([]);
});
