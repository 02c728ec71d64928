// What holds on any Trunkline: these tests run on a real one too (BASE=http://... npm run e2e).
import { expect, type Page, test } from '@playwright/test';
import { audit, PAGES, PATHS, prefer, settled, signIn, violations, watchPolicy } from './open';

const setScheme = (page: Page, scheme: string) =>
  page.evaluate((s) => document.documentElement.setAttribute('data-mantine-color-scheme', s), scheme);

test('a wrong password is refused, the right one leads in, and no policy is broken on the way', async ({ page }) => {
  await watchPolicy(page);
  await page.goto('/groups');
  await expect(page).toHaveURL(/\/login\?next=/);
  await page.getByLabel('User name').fill('nobody');
  await page.getByLabel('Password', { exact: true }).fill('wrong');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByLabel('Password', { exact: true })).toBeFocused();

  await signIn(page);
  const cookies = await page.context().cookies();
  expect(cookies.filter((c) => /session/i.test(c.name)).every((c) => c.httpOnly && c.sameSite === 'Lax')).toBe(true);
  for (const [i, name] of PAGES.entries()) {
    await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
    await expect(page.getByRole('heading', { level: 1, name, exact: true })).toBeVisible();
    await expect(page).toHaveURL(new RegExp(`${PATHS[i]}$`));
    await expect(page).toHaveTitle(`${name} · Trunkline`);
    await settled(page);
  }

  await page.getByRole('button', { name: /^Language/ }).click();
  await page.getByRole('menuitemradio', { name: '日本語' }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'ja-JP');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('変更履歴');
  await page.getByRole('button', { name: /^テーマ/ }).click();
  await page.getByRole('menuitemradio', { name: 'ダーク' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
  expect(await violations(page)).toEqual([]);

  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('変更履歴');
  await page.getByRole('button', { name: /アカウント/ }).click();
  await page.getByRole('menuitem', { name: 'サインアウト' }).click();
  await expect(page).toHaveURL(/\/login$/);
  await page.goto('/keys');
  await expect(page).toHaveURL(/\/login\?next=/);
  expect(await violations(page)).toEqual([]);
});

test('axe finds nothing: every page, four languages, two themes', async ({ page }) => {
  test.setTimeout(120_000);
  const found: string[] = [];
  await page.goto('/login');
  for (const lang of ['en', 'zh', 'ja', 'ko']) {
    await prefer(page, lang, 'light');
    await page.goto('/login');
    await settled(page);
    for (const scheme of ['light', 'dark']) {
      await setScheme(page, scheme);
      found.push(...(await audit(page, `/login ${lang} ${scheme}`)));
    }
  }
  await prefer(page, 'en', 'light');
  await signIn(page);
  for (const lang of ['en', 'zh', 'ja', 'ko']) {
    await prefer(page, lang, 'light');
    await page.goto('/');
    for (const path of PATHS) {
      await page.locator(`nav a[href="${path}"]`).click();
      await expect(page).toHaveURL(new RegExp(`${path}$`));
      await settled(page);
      for (const scheme of ['light', 'dark']) {
        await setScheme(page, scheme);
        found.push(...(await audit(page, `${path} ${lang} ${scheme}`)));
      }
    }
  }
  expect(found).toEqual([]);
});

test('a keyboard is enough, and a phone is wide enough', async ({ page }) => {
  await signIn(page);
  await page.goto('/groups');
  await settled(page);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('main')).toBeFocused();

  const keys = page.getByRole('navigation').getByRole('link', { name: 'API keys' });
  await keys.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'API keys' })).toBeVisible();
  await page.getByRole('button', { name: /^Theme/ }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitemradio', { name: 'Light' }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitemradio', { name: 'Dark' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');

  const tooWide: string[] = [];
  for (const width of [390, 820, 1180]) {
    await page.setViewportSize({ width, height: 844 });
    for (const path of PATHS) {
      await page.goto(path);
      await settled(page);
      const extra = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      if (extra > 0) tooWide.push(`${path} at ${width} px: ${extra} px`);
    }
  }
  expect(tooWide).toEqual([]);

  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Open menu' }).click();
  await expect(page.getByRole('button', { name: 'Close menu' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Close menu' })).toBeHidden();
  await page.getByRole('button', { name: 'Open menu' }).click();
  await page.getByRole('navigation').getByRole('link', { name: 'Providers' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Providers' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Close menu' })).toBeHidden();
});

test('the page is fresh, its files are kept, and what is missing is not a page', async ({ request }) => {
  const html = { Accept: 'text/html' };
  const page = await request.get('/groups', { headers: html });
  expect(page.headers()['cache-control']).toBe('no-store');
  expect(page.headers()['content-security-policy']).toContain("default-src 'none'");
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())?.[1] ?? '';
  const asset = await request.get(script);
  expect(asset.headers()['cache-control']).toContain('immutable');
  expect(asset.headers()['content-encoding']).toBe('gzip');
  const missing = await request.get('/assets/index-gone.js', { headers: html });
  expect([missing.status(), missing.headers()['content-type']]).toEqual([404, 'text/plain; charset=utf-8']);
});
