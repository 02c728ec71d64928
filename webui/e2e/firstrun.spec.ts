import { audit, expect, signIn, test, useConsole } from './fixture';

// Without ADMIN_PASSWORD the account begins with the default password.
const it = useConsole('empty', { signedOut: true, env: { ADMIN_PASSWORD: '' } });

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
