// An owner makes a viewer with a second factor, who signs in, looks, and is refused a change.
import { createHmac } from 'node:crypto';
import { audit, expect, settled, signIn, test, useConsole } from './fixture';

const it = useConsole('demo');
const PASSWORD = 'a password of bob';

/** What an authenticator app shows for a secret. */
function code(secret: string, at: number): string {
  const bits = [...secret]
    .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
    .join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const sum = createHmac('sha1', key).update(step).digest();
  const value = sum.readUInt32BE((sum[19] ?? 0) & 15) & 0x7fffffff;
  return String(value % 1_000_000).padStart(6, '0');
}

test('an owner makes a user', async () => {
  const { page } = it;
  await page.goto('/settings?section=people');
  await settled(page);
  await page.getByRole('button', { name: 'New user' }).click();
  const form = page.getByRole('dialog', { name: 'New user' });
  await form.getByLabel('User name').fill('bob@example.org');
  await form.getByLabel('Password', { exact: true }).fill('short');
  await form.getByRole('button', { name: 'Create user' }).click();
  await expect(form.getByText('Must be at least 8 bytes')).toBeVisible();
  expect(await audit(page, 'a new user')).toEqual([]);
  await form.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await form.getByRole('button', { name: 'Create user' }).click();
  await expect(page.getByRole('row', { name: /bob@example.org.*Viewer/ })).toBeVisible();
  expect(await audit(page, 'people')).toEqual([]);
});

test('the user signs in, sets up a second factor, and needs it', async ({ browser }) => {
  const context = await browser.newContext({ baseURL: it.server.url, locale: 'en-US', reducedMotion: 'reduce' });
  const page = await context.newPage();
  await signIn(page, { user: 'bob@example.org', password: PASSWORD });
  await expect(page.getByText(/You are signed in as a viewer/)).toBeVisible();
  await page.goto('/settings?section=access');
  await page.getByRole('button', { name: 'Set up' }).click();
  await expect(page.getByRole('img', { name: 'QR code of the secret' })).toBeVisible();
  const secret = (await page.getByRole('dialog').locator('code, pre').first().innerText()).trim();
  expect(await audit(page, 'a second factor')).toEqual([]);
  const used = Date.now();
  await page.getByLabel('Code from your authenticator app').fill(code(secret, used));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByLabel('I have stored the codes').check();
  const recovery =
    (await page.getByRole('dialog').locator('code, pre').first().innerText()).trim().split('\n')[0] ?? '';
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('button', { name: 'Turn off' })).toBeVisible();

  await context.clearCookies();
  await page.goto('/login');
  await page.getByLabel('User name').fill('bob@example.org');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Enter');
  const asked = page.getByLabel('Code from your authenticator app');
  await asked.fill(code(secret, used)); // used up
  await page.keyboard.press('Enter');
  await expect(page.getByText('The code is wrong or has already been used.')).toBeVisible();
  expect(await audit(page, 'the code')).toEqual([]);
  await asked.fill(recovery);
  await page.keyboard.press('Enter');
  await expect(page).not.toHaveURL(/\/login/);
  await context.close();
});

test('the owner sees the session and ends it', async () => {
  const { page } = it;
  await page.goto('/settings?section=access');
  await page.getByLabel('Show all users').check();
  const row = page.getByRole('row', { name: /bob@example.org/ }).first();
  await expect(row).toBeVisible();
  const before = await page.getByRole('row', { name: /bob@example.org/ }).count();
  await row.getByRole('button', { name: 'End' }).click();
  await expect(page.getByRole('row', { name: /bob@example.org/ })).toHaveCount(before - 1);
  expect(await audit(page, 'access')).toEqual([]);
});
