import { expect, type Page } from '@playwright/test';
import axe from 'axe-core';

export const user = process.env.CONSOLE_USER ?? 'admin';
export const password = process.env.CONSOLE_PASSWORD ?? 'password';

/** Whether the tests run on a real Trunkline instead of e2e/fakeadmin. */
export const isReal = process.env.BASE !== undefined;

export const PAGES = [
  'Dashboard',
  'Call logs',
  'Playground',
  'Providers',
  'Groups',
  'API keys',
  'Failure keywords',
  'Nodes',
  'History',
  'Settings',
] as const;
export const PATHS = [
  '/',
  '/calls',
  '/playground',
  '/providers',
  '/groups',
  '/keys',
  '/keywords',
  '/nodes',
  '/history',
  '/settings',
] as const;

type Watched = { __violations?: string[] };

/** Notes every breach of the content security policy from the first script on. */
export async function watchPolicy(page: Page) {
  await page.addInitScript(() => {
    const seen: string[] = [];
    (window as Watched).__violations = seen;
    document.addEventListener('securitypolicyviolation', (e) =>
      seen.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`),
    );
  });
}
export const violations = (page: Page) => page.evaluate(() => (window as Watched).__violations ?? []);

/** Sets language and theme as the console stores them; they hold from the next load on. */
export async function prefer(page: Page, lang: string, scheme: string) {
  await page.goto('/favicon.svg');
  await page.evaluate(
    ([l, s]) => {
      localStorage.setItem('ui.lang', l ?? '');
      localStorage.setItem('ui.scheme', s ?? '');
    },
    [lang, scheme],
  );
}

export async function signIn(page: Page) {
  await page.goto('/login');
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();
}

/** The page has come to rest: its heading is there and nothing is loading. */
export async function settled(page: Page) {
  await expect(page.locator('h1')).toBeVisible();
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
}

type Axe = { axe: typeof axe };

/** Runs axe; evaluate() is not subject to the page's policy, a script tag would be refused. */
export async function audit(page: Page, where: string): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const result = await (window as unknown as Axe).axe.run(document, { resultTypes: ['violations'] });
    return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  });
  return found.map((line) => `${where} ${line}`);
}
