// A newcomer's way: an empty installation, the default password, and then, by what the console offers, to the first call.
import { audit, expect, signIn, test, useConsole, violations } from './fixture';
import { useUpstream } from './upstream';

// Without ADMIN_PASSWORD the account begins with the default password.
const it = useConsole('empty', { signedOut: true, env: { ADMIN_PASSWORD: '' } });

const KEY = 'upstream-not-a-real-key-77aa';
const upstream = useUpstream(({ path, headers }) => {
  if (headers.authorization !== `Bearer ${KEY}`) return { status: 401 };
  if (path === '/v1/models') return { json: { object: 'list', data: [{ id: 'small-1', object: 'model' }] } };
  const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'small-1' };
  const choice = { index: 0, delta: { role: 'assistant', content: 'Welcome!' }, finish_reason: 'stop' };
  return {
    type: 'text/event-stream',
    text: `data: ${JSON.stringify({ ...chunk, choices: [choice] })}\n\ndata: [DONE]\n\n`,
  };
});

test('the first run sets the password, and only the new one works from then on', async () => {
  const { page } = it;
  await page.goto('/login');
  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill('password');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Choose your password' })).toBeVisible();
  expect(await audit(page, 'first run')).toEqual([]);
  await page.getByLabel('New password', { exact: true }).fill('password');
  await page.getByLabel('Repeat new password').fill('password');
  await page.keyboard.press('Enter');
  await expect(page.getByText(/default password/i).last()).toBeVisible();
  await page.getByLabel('New password', { exact: true }).fill('correct horse battery');
  await page.getByLabel('Repeat new password').fill('correct horse battery');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();
  await expect(page.getByText('You are using the default password.')).toBeHidden();

  await page.context().clearCookies();
  await page.goto('/login');
  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill('password');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toHaveText('Wrong user name or password.');
  await signIn(page, { user: 'admin', password: 'correct horse battery' });
});

test('the checklist leads from an empty installation to the first answered call, without a terminal', async () => {
  const { page } = it;
  const step = async (name: string) => {
    await page.goto('/');
    const current = page.locator('li[aria-current=step]');
    await expect(current).toContainText(name);
    await current.getByRole('link').click();
  };

  await step('Add a provider');
  await page.getByRole('link', { name: /^Custom/ }).click();
  await page.getByLabel('Name').first().fill('mine');
  await page.getByLabel('Base URL').fill(`${upstream.url}/v1`);
  await page.getByLabel('Secret').fill(KEY);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'mine' })).toBeVisible();

  await step('Import its models');
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByRole('button', { name: 'Import 1 model' }).click();
  await expect(page.getByText('1 added, 0 changed, 0 gone')).toBeVisible();

  await step('Create a group');
  await page.getByLabel(/^Name/).fill('chat');
  await page.getByRole('button', { name: 'Add members' }).click();
  const members = page.getByRole('dialog', { name: 'Add members' });
  await members.getByRole('button', { name: 'Add mine / small-1' }).click();
  await members.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Create group' }).click();
  await expect(page.getByRole('heading', { level: 2, name: 'chat' })).toBeVisible();

  await step('Create an API key');
  await page.getByLabel('Name').fill('app');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Groups').fill('chat');
  await page.getByRole('option', { name: 'chat', exact: true }).click();
  await page.getByRole('button', { name: 'Create key' }).click();
  const secret = (await dialog.locator('code').first().textContent()) ?? '';
  await dialog.getByLabel('I have stored it').check();
  await dialog.getByRole('button', { name: 'Done' }).click();

  await step('Send the first call');
  await page.getByLabel('API key', { exact: true }).fill(secret);
  await page.getByLabel('User', { exact: true }).fill('Hello');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('region', { name: 'Answer' })).toHaveText('Welcome!');
  await expect(page.getByRole('complementary', { name: 'This call' }).getByRole('listitem')).toContainText('small-1');

  await page.goto('/');
  await expect(page.getByRole('heading', { level: 2, name: 'Traffic by outcome' })).toBeVisible({ timeout: 20_000 });
  expect(await violations(page)).toEqual([]);
});
