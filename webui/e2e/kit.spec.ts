// The parts of src/ui in a real browser, as /kit shows them: themes, languages, phone, keyboard, pointer.
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { createServer, type ViteDevServer } from 'vite';
import { audit, DESKTOP, expect, LANGS, moveUp, PHONE, prefer, SCHEMES, test, tooWide } from './fixture';

let vite: ViteDevServer;
let page: Page;

test.beforeAll(async ({ browser }) => {
  test.setTimeout(300_000);
  vite = await createServer({
    root: join(import.meta.dirname, '..'),
    configFile: join(import.meta.dirname, '../vite.config.ts'),
    server: { port: 0 },
    logLevel: 'error',
  });
  await vite.listen();
  const port = (vite.httpServer?.address() as AddressInfo | undefined)?.port ?? 0;
  const context = await browser.newContext({
    baseURL: `http://127.0.0.1:${port}`,
    viewport: { width: 1440, height: 900 },
    locale: 'en-US',
    reducedMotion: 'reduce',
  });
  page = await context.newPage();
  await page.goto('/kit');
  // Vite reads all sources the first time.
  await expect(page.getByRole('heading', { level: 1, name: 'Kit' })).toBeVisible({ timeout: 180_000 });
  await expect(page.locator('.recharts-surface').first()).toBeVisible({ timeout: 30_000 });
});
test.afterAll(async () => {
  await page?.context().close();
  await vite?.close();
});

test('axe finds nothing in four languages and two themes, and a phone is wide enough', async () => {
  test.setTimeout(600_000);
  const found: string[] = [];
  for (const lang of LANGS) {
    for (const scheme of SCHEMES) {
      await page.setViewportSize(scheme === 'dark' ? PHONE : DESKTOP);
      await prefer(page, lang, scheme);
      found.push(...(await audit(page, `kit ${lang} ${scheme}`)));
      const extra = await tooWide(page);
      if (extra > 0) found.push(`kit ${lang} ${scheme}: ${extra} px too wide`);
    }
  }
  await page.setViewportSize(DESKTOP);
  await prefer(page, 'en', 'light');
  expect(found).toEqual([]);
});

const order = () => page.getByRole('list', { name: 'Order' }).getByRole('listitem').locator('b').allTextContents();

test('a list is sorted by keyboard, and every step is announced', async () => {
  await moveUp(page, 'OpenRouter', 1, 4);
  expect(await order()).toEqual(['OpenRouter', 'Azure · East US 2', 'OpenAI direct', 'Singapore relay']);
});

test('and by pointer', async () => {
  const handle = page.getByRole('button', { name: 'Move Singapore relay' });
  await handle.scrollIntoViewIfNeeded();
  const from = await handle.boundingBox();
  const to = await page.getByRole('button', { name: 'Move OpenRouter' }).boundingBox();
  if (!from || !to) throw new Error('the handles are not there');
  await page.mouse.move(from.x + 10, from.y + 10);
  await page.mouse.down();
  await page.mouse.move(to.x + 10, to.y + 4, { steps: 8 });
  await page.mouse.up();
  await expect.poll(order).toEqual(['Singapore relay', 'OpenRouter', 'Azure · East US 2', 'OpenAI direct']);
});

test('of a long table only rows in sight are drawn, and it scrolls to its end', async () => {
  const table = page.getByRole('region', { name: 'Many providers' });
  await expect(table.getByRole('table')).toHaveAttribute('aria-rowcount', '3001');
  expect(await table.getByRole('row').count()).toBeLessThan(80);
  await expect(table.getByText('provider-0', { exact: true })).toBeVisible();
  await table.evaluate((el) => el.scrollTo(0, el.scrollHeight));
  await expect(table.getByText('provider-999', { exact: true })).toBeVisible();
});

test('panel, dialogs and save bar are reachable, named and clean', async () => {
  for (const [button, name] of [
    ['Confirm', 'Disable azure?'],
    ['Confirm by name', 'Revoke my-app?'],
    ['Panel', /req_0199e5c1/],
  ] as const) {
    await page.getByRole('button', { name: button, exact: true }).click();
    await expect(page.getByRole('dialog', { name })).toBeVisible();
    expect(await audit(page, button)).toEqual([]);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  await page.getByRole('button', { name: 'Secret', exact: true }).click();
  expect(await audit(page, 'secret')).toEqual([]);
  await page.getByLabel('I have stored it').check();
  await page.getByRole('dialog').getByRole('button', { name: 'Done', exact: true }).click();
  await page.getByRole('button', { name: 'Failed', exact: true }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'a group uses it' })).toBeVisible();
  await page.getByRole('button', { name: 'Conflict', exact: true }).click();
  expect(await audit(page, 'conflict')).toEqual([]);
});

test('a bar is a link, and its tooltip says its numbers', async () => {
  const bars = page.locator('figure[aria-label="Traffic of 24 h"]');
  await bars.locator('a').nth(10).hover();
  await expect(bars.getByText('First try')).toBeVisible();
  await expect(bars.locator('a').nth(10)).toHaveAttribute('href', /\/calls\?outcome=ok&call=/);
});
