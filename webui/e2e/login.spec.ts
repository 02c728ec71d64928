import { expect, inspect, prefer, test, useConsole, violations } from './fixture';
import { PASSWORD, USER } from './server';

const it = useConsole('empty', { signedOut: true });

test('axe finds nothing in four languages and two themes, and a phone is wide enough', async () => {
  const { page } = it;
  expect(await inspect(page, ['/login'])).toEqual([]);
});

test('language and theme are chosen before signing in, and stay', async () => {
  const { page } = it;
  await page.goto('/login');
  await page.getByRole('button', { name: /^Language/ }).click();
  await page.getByRole('menuitemradio', { name: '日本語' }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'ja-JP');
  await page.getByRole('button', { name: /^テーマ/ }).click();
  await page.getByRole('menuitemradio', { name: 'ダーク' }).click();
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'ログイン' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
  await prefer(page, 'en', 'light');
});

test('wrong, down, right; then too many tries', async () => {
  const { page, server } = it;
  await page.goto('/login?next=/keys');
  await page.getByLabel('User name').fill(USER);
  await page.getByLabel('Password', { exact: true }).fill('wrong');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toHaveText('Wrong user name or password.');
  await expect(page.getByLabel('Password', { exact: true })).toBeFocused();

  await server.stop();
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toHaveText('The control plane is not responding');
  await server.restart();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page).toHaveURL(/\/keys$/);
  const cookies = await page.context().cookies();
  expect(cookies.filter((c) => /session/i.test(c.name)).every((c) => c.httpOnly && c.sameSite === 'Lax')).toBe(true);
  expect(await violations(page)).toEqual([]);

  await page.context().clearCookies();
  await page.goto('/login');
  await page.getByLabel('User name').fill('somebody');
  for (let tries = 0, status = 0; tries < 30 && status !== 429; tries++) {
    await page.getByLabel('Password', { exact: true }).fill('guess');
    const answered = page.waitForResponse(/SessionService\/Login/);
    await page.keyboard.press('Enter');
    status = (await answered).status();
  }
  await expect(page.getByText(/Try again in \d+:\d\d/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeDisabled();
});
