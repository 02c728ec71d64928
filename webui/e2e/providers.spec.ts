// The providers' page on a real Trunkline and a small upstream of its own, whose list of models the tests decide.
import type { Locator } from '@playwright/test';
import { audit, expect, failing, inspect, test, useConsole, violations } from './fixture';
import { useUpstream } from './upstream';

const it = useConsole('demo');
const KEY = 'upstream-not-a-real-key-12ab';
let models = ['gpt-5', 'gpt-5-audio', 'text-embedding-4', 'vendor/Llama-5'];
const upstream = useUpstream(({ path, headers }) => {
  const isElsewhere = path === '/elsewhere/list?version=2';
  const isOurs = isElsewhere ? headers['api-key'] === KEY : headers.authorization === `Bearer ${KEY}`;
  if (!isOurs) return { status: 401, json: { error: { message: 'no' } } };
  return { json: { object: 'list', data: models.map((id) => ({ id, object: 'model' })) } };
});

test('from nothing to imported models: refused, corrected, tested, created, chosen, reviewed, imported', async () => {
  const { page } = it;
  await page.goto('/providers');
  await page.getByRole('button', { name: 'New provider' }).click();
  await page.getByRole('link', { name: /^Custom/ }).click();
  await page.getByLabel('Name').first().fill('mine');
  await page.getByLabel('Base URL').fill('not a url');
  await page.getByLabel('Secret').fill('a-wrong-key');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByLabel('Base URL')).toHaveAttribute('aria-invalid', 'true');
  await page.getByLabel('Base URL').fill(`${upstream.url}/v1`);

  await page.getByRole('button', { name: 'Test connection' }).click();
  const steps = page.getByRole('list', { name: 'Test connection' });
  await expect(steps.getByText(/refuses the credential/)).toBeVisible();
  await page.getByLabel('Secret').fill(KEY);
  await page.getByRole('button', { name: 'Test connection' }).click();
  await expect(steps.getByRole('listitem').nth(3)).toContainText(/Credential and list of models passed/);
  expect(await audit(page, 'a tested form')).toEqual([]);

  await page.getByRole('button', { name: 'Create and import models' }).click();
  await expect(page.getByText('4 models chosen')).toBeVisible();
  const exclude = page.getByRole('combobox', { name: 'Exclude' });
  await exclude.fill('embed*');
  await exclude.press('Enter');
  await expect(page.getByText('4 models chosen')).toBeVisible();
  await exclude.fill('*embed*');
  await exclude.press('Enter');
  await exclude.fill('audio');
  await exclude.press('Enter');
  await expect(page.getByText('2 models chosen')).toBeVisible();
  await page.getByRole('switch', { name: /^Drop the vendor/ }).check();
  await page.getByRole('switch', { name: 'Lower case' }).check();
  await expect(page.getByRole('textbox', { name: 'vendor/Llama-5: Alias' })).toHaveValue('llama-5');
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('button', { name: 'New 2' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Excluded 2' })).toBeVisible();
  expect(await audit(page, 'the review')).toEqual([]);
  await page.getByRole('checkbox', { name: /^Keep these rules/ }).check();
  await page.getByRole('button', { name: 'Import 2 models' }).click();
  await expect(page.getByText('2 added, 0 changed, 0 gone')).toBeVisible();
  await page.getByRole('button', { name: 'Show the models' }).click();
  await expect(page.getByRole('row', { name: /vendor\/Llama-5 llama-5/ })).toBeVisible();
  expect(await violations(page)).toEqual([]);
});

test('prices and aliases in place; a second admin in between makes a conflict', async () => {
  const { page, server } = it;
  await page.goto('/providers?provider=mine&tab=models');
  await page.getByRole('button', { name: 'Edit gpt-5' }).click();
  await page.getByRole('textbox', { name: 'gpt-5: Alias' }).fill('best');
  await page.getByRole('textbox', { name: 'gpt-5: Input', exact: true }).fill('1.25');
  await page.getByRole('textbox', { name: 'gpt-5: Output' }).fill('10');
  const { provider } = await server.call<{ provider: { etag: string } }>('ProviderService/GetProvider', {
    name: 'mine',
  });
  await server.call('ProviderService/UpdateProvider', {
    provider: { name: 'mine', maxInFlight: 9, etag: provider.etag },
    updateMask: 'maxInFlight',
  });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Someone else changed this while you were editing.')).toBeVisible();
  await page.getByRole('button', { name: 'Overwrite with mine' }).click();
  await expect(page.getByText('$1.25 / $10.00')).toBeVisible();
  await page.goto('/providers?provider=mine&tab=settings');
  await expect(page.getByLabel('Attempts in flight')).toHaveValue('9');
});

test('a model that vanished is flagged, and removed with the others of its kind', async () => {
  const { page } = it;
  models = models.filter((id) => id !== 'vendor/Llama-5');
  await page.goto('/providers?provider=mine&import=true');
  await expect(page.getByText('0 models chosen')).toBeVisible();
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('button', { name: 'Gone 1' })).toBeVisible();
  await page.getByRole('button', { name: 'Apply the changes' }).click();
  await expect(page.getByText('0 added, 0 changed, 1 gone')).toBeVisible();
  await page.goto('/providers?provider=mine&tab=imports');
  await expect(page.getByRole('row')).toHaveCount(3);
  await page.getByRole('button', { name: 'No longer listed (1)' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('vendor/Llama-5')).toBeVisible();
  await dialog.getByRole('button', { name: 'Remove 1 model' }).click();
  await expect(page.getByRole('button', { name: 'No longer listed (0)' })).toBeDisabled();
});

test('a provider is created by keyboard alone, its credential too', async () => {
  const { page, server } = it;
  const { keyboard } = page;
  /** As far as a person would go before giving up. */
  const tabTo = async (target: Locator, most = 60) => {
    await target.waitFor();
    for (let n = 0; n < most; n++) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await keyboard.press('Tab');
    }
    throw new Error(`Tab does not reach ${target}`);
  };
  await page.goto('/providers');
  await tabTo(page.getByRole('button', { name: 'New provider' }));
  await keyboard.press('Enter');
  await tabTo(page.getByRole('link', { name: /^Custom/ }));
  await keyboard.press('Enter');
  await tabTo(page.getByLabel('Name').first());
  await keyboard.type('by-keyboard');
  const dialect = page.getByRole('combobox', { name: 'Dialect' });
  await tabTo(dialect);
  await keyboard.press('ArrowDown');
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await expect(dialect).toHaveValue(/Anthropic/);
  await tabTo(page.getByLabel('Base URL'));
  await keyboard.type('http://127.0.0.1:9/v1');
  await tabTo(page.getByLabel('Secret'));
  await keyboard.type('typed-not-a-real-key-7xy');
  await tabTo(page.getByRole('button', { name: 'Create', exact: true }));
  await keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'by-keyboard' })).toBeVisible();
  const { provider } = await server.call<{ provider: object }>('ProviderService/GetProvider', { name: 'by-keyboard' });
  expect(provider).toMatchObject({ dialect: 'anthropic', credentials: [{ name: 'main', secretHint: '7xy' }] });
});

test('an upstream that refuses the key says so, and nothing changes', async () => {
  const { page, server } = it;
  await server.call('ProviderService/CreateProvider', {
    provider: {
      name: 'refused',
      baseUrl: `${upstream.url}/v1`,
      credentials: [{ name: 'main', secret: 'wrong-key-here' }],
    },
  });
  await page.goto('/providers?provider=refused&import=true');
  await expect(page.getByRole('alert')).toContainText(/credential/);
  await page.getByRole('link', { name: 'Check the address and test the connection' }).click();
  await expect(page.getByLabel('Base URL')).toHaveValue(`${upstream.url}/v1`);
});

test('disable says where calls go, delete names what hinders it', async () => {
  const { page } = it;
  await page.goto('/providers?provider=openai-direct');
  await page.getByRole('button', { name: 'Actions for openai-direct' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await expect(page.getByRole('dialog').getByRole('link', { name: 'reasoning-large' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Actions for openai-direct' }).click();
  await page.getByRole('menuitem', { name: 'Disable' }).click();
  const dialog = page.getByRole('dialog', { name: 'Disable openai-direct?' });
  await expect(dialog.getByRole('listitem').filter({ hasText: 'fast-cheap' })).toContainText('deepseek');
  expect(await audit(page, 'the question')).toEqual([]);
  await dialog.getByRole('button', { name: 'Disable' }).click();
  await expect(page.getByText('Disabled', { exact: true }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Actions for openai-direct' }).click();
  await page.getByRole('menuitem', { name: 'Enable' }).click();
  await expect(page.getByText('Healthy', { exact: true }).first()).toBeVisible();
});

test('endpoints: filled by a preset, refused at their field, corrected, tested, saved, changed', async () => {
  const { page } = it;
  await page.goto('/providers?new=deepseek');
  const messages = page.getByRole('group', { name: 'messages' });
  await expect(messages.getByLabel('Base URL')).toHaveValue('https://api.deepseek.com/anthropic');
  await expect(messages.getByRole('combobox', { name: 'Key is sent as' })).toHaveValue('x-api-key');

  await page.goto('/providers?new=custom');
  await page.getByLabel('Name').first().fill('with-endpoints');
  await page.getByLabel('Base URL').fill(`${upstream.url}/nothing/here`);
  await page.getByLabel('Secret').fill(KEY);
  await page.getByRole('button', { name: 'Add endpoint' }).click();
  await page.getByRole('combobox', { name: 'API' }).click();
  await page.getByRole('option', { name: 'models' }).click();
  const models = page.getByRole('group', { name: 'models' });
  await models.getByLabel('Base URL').fill(`${upstream.url}/elsewhere`);
  await models.getByLabel('Path').fill('list');
  await models.getByLabel('Query').fill('version=2');
  await models.getByRole('combobox', { name: 'Key is sent as' }).click();
  await page.getByRole('option', { name: 'api-key', exact: true }).click();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(models.getByText('Must start with a slash')).toBeVisible();
  expect(await audit(page, 'a refused endpoint')).toEqual([]);
  await models.getByLabel('Path').fill('/list');
  await page.getByRole('button', { name: 'Test connection' }).click();
  const steps = page.getByRole('list', { name: 'Test connection' });
  await expect(steps.getByRole('listitem').nth(3)).toContainText(/Credential and list of models passed/);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByText('with-endpoints').first()).toBeVisible();

  await page.goto('/providers?provider=with-endpoints&tab=settings');
  await expect(models.getByLabel('Path')).toHaveValue('/list');
  await models.getByRole('button', { name: 'Remove models' }).click();
  await expect(models).toHaveCount(0);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeHidden();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Add endpoint' })).toBeVisible();
  await expect(models).toHaveCount(0);
});

test('a list that cannot be read says why and tries again', async () => {
  const { page } = it;
  const repair = await failing(page, 'broken', 'ProviderService/ListProviders');
  await page.goto('/providers');
  await expect(page.getByRole('alert')).toContainText('Something went wrong in the control plane');
  await repair();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('row', { name: /azure-east-us-2/ })).toBeVisible();
});

test('axe finds nothing and nothing is too wide, in every view, language and theme', async () => {
  const { page, server } = it;
  for (let i = 0; i < 4; i++) await server.chat('chat-default'); // so that there are failures and hours to show
  await expect
    .poll(() => server.call('UsageService/BreakDownAttempts', { by: 'USAGE_DIMENSION_PROVIDER' }))
    .toMatchObject({ rows: expect.arrayContaining([expect.objectContaining({ value: 'azure-east-us-2' })]) });
  const views = [
    'new=choose',
    'new=azure',
    'new=azure-deployments',
    'provider=mine',
    'provider=azure-east-us-2',
    'provider=mine&tab=models',
    'provider=mine&tab=imports',
    'provider=mine&tab=settings',
    'provider=mine&import=true',
  ];
  const paths = ['', ...views].map((view) => `/providers?${view}`);
  expect(await inspect(page, paths)).toEqual([]);
});
