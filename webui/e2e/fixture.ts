import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import axe from 'axe-core';
import { type Config, PASSWORD, type Server, startServer, USER } from './server';

export { expect, test } from '@playwright/test';

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/**
 * A Trunkline and one browser page for all tests of a file: on small machines a new browser context
 * costs more than a test. Call it at the top of a spec; what it returns is filled in before the first test.
 */
export function useConsole(config: Config, options: Parameters<typeof startServer>[1] & { signedOut?: boolean } = {}) {
  const it = {} as { server: Server; page: Page; context: BrowserContext };
  // Each test goes on from the one before: after a failure the others would only fail in its wake.
  test.describe.configure({ mode: 'serial' });
  test.beforeAll(async ({ browser }) => {
    test.setTimeout(180_000); // the first one builds the program
    it.server = await startServer(config, options);
    it.context = await browser.newContext({
      baseURL: it.server.url,
      viewport: DESKTOP,
      locale: 'en-US',
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    it.page = await it.context.newPage();
    await watchPolicy(it.page);
    if (!options.signedOut) await signIn(it.page);
  });
  test.afterAll(async () => {
    await it.context?.close();
    await it.server?.remove();
  });
  return it;
}

export async function signIn(page: Page, { user = USER, password = PASSWORD } = {}) {
  await page.goto('/login');
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await expect(page).not.toHaveURL(/\/login/);
}

/** Chooses language and theme, as another tab of the console would: the page follows, without being loaded again. */
export async function prefer(page: Page, lang: Lang, scheme: Scheme) {
  await page.evaluate(
    (chosen) => {
      for (const [key, newValue] of Object.entries(chosen)) {
        localStorage.setItem(key, newValue);
        window.dispatchEvent(new StorageEvent('storage', { key, newValue, storageArea: localStorage }));
      }
    },
    { 'ui.lang': lang, 'ui.scheme': scheme },
  );
  const html = page.locator(`html[lang^=${lang}][data-mantine-color-scheme=${scheme}]`);
  await expect(html).toHaveCount(1);
}

/** The page has come to rest: its heading is there and nothing is loading. */
export async function settled(page: Page) {
  await expect(page.locator('h1').first()).toBeVisible();
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
}

/** Goes to an address as a link of the console does, which costs a tenth of loading it. */
export async function visit(page: Page, path: string) {
  await page.evaluate((to) => history.pushState(null, '', to), path);
  await page.waitForFunction((to) => {
    const { state } = (window as unknown as Routed).__TSR_ROUTER__;
    return (
      state.status === 'idle' && state.resolvedLocation?.href === state.location.href && location.href.endsWith(to)
    );
  }, path);
  await settled(page);
}

type Routed = {
  __TSR_ROUTER__: { state: { status: string; location: { href: string }; resolvedLocation?: { href: string } } };
};

/** How many pixels one would have to scroll sideways; 0 when the page fits. What follows the width, such as a chart, is drawn anew first. */
export const tooWide = (page: Page) =>
  page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    return document.documentElement.scrollWidth - document.documentElement.clientWidth;
  });

type Watched = { __violations?: string[] };

/** Notes every breach of the content security policy from the first script on. */
async function watchPolicy(page: Page) {
  await page.addInitScript(() => {
    const seen: string[] = [];
    (window as Watched).__violations = seen;
    document.addEventListener('securitypolicyviolation', (e) =>
      seen.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`),
    );
  });
}
export const violations = (page: Page) => page.evaluate(() => (window as Watched).__violations ?? []);

type Axe = { axe: typeof axe };
/** What differs between the themes: the rules about colours. */
const COLOURS = ['color-contrast', 'link-in-text-block'];

/** Runs all rules of axe, or some; evaluate() is not subject to the page's policy, a script tag would be refused. */
export async function audit(page: Page, where: string, rules?: string[]): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const found = await page.evaluate(async (runOnly) => {
    const options = runOnly ? { runOnly: { type: 'rule' as const, values: runOnly } } : {};
    const result = await (window as unknown as Axe).axe.run(document, { resultTypes: ['violations'], ...options });
    return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  }, rules);
  return found.map((line) => `${where} ${line}`);
}

/**
 * What is wrong with addresses: all that axe finds in each language in the light, what it finds of colours in the dark, all of
 * it on a phone in the dark in one language, and what is too wide for a phone. A page is loaded once and changes its language.
 */
export async function inspect(page: Page, paths: readonly string[], arrived?: (path: string) => Promise<void>) {
  test.setTimeout(900_000); // axe computes for seconds a page, and a busy machine gives it a part of a core
  const found: string[] = [];
  for (const [i, path] of paths.entries()) {
    if (i > 0) await visit(page, path);
    else await page.goto(path);
    await settled(page);
    await arrived?.(path);
    for (const lang of LANGS) {
      await prefer(page, lang, 'light');
      found.push(...(await audit(page, `${path} ${lang} light`)));
      await prefer(page, lang, 'dark');
      found.push(...(await audit(page, `${path} ${lang} dark`, COLOURS)));
    }
    await page.setViewportSize(PHONE);
    for (const lang of LANGS) {
      await prefer(page, lang, 'dark');
      const extra = await tooWide(page);
      if (extra > 0) found.push(`${path} ${lang}: ${extra} px too wide`);
    }
    await prefer(page, 'en', 'dark');
    found.push(...(await audit(page, `${path} en dark, phone`)));
    await page.setViewportSize(DESKTOP);
  }
  await prefer(page, 'en', 'light');
  return found;
}

const hurried = new WeakSet<BrowserContext>();

/**
 * Lets seconds pass in the page at once, again and again until something holds: what it reads every few seconds is read now.
 * What holds is asked with little patience. The page's clock stays ahead of ours.
 */
export async function soon(page: Page, holds: (patience: { timeout: number }) => Promise<void>) {
  if (!hurried.has(page.context())) await page.clock.install({ time: Date.now() });
  hurried.add(page.context());
  await expect(async () => {
    await page.clock.fastForward(5_000);
    await holds({ timeout: 700 });
  }).toPass({ timeout: 60_000 });
}

/** Makes every answer of the control plane fail, as one that is down or broken does; await the result to end it. */
export async function failing(page: Page, how: 'down' | 'broken', method = '*') {
  const pattern = `**/trunkline.admin.v1.${method}*`;
  await page.route(pattern, (route) =>
    how === 'down'
      ? route.abort('connectionrefused')
      : route.fulfill({
          status: 500,
          json: { code: 'internal', message: 'internal error' },
          headers: { 'x-request-id': 'r-77' },
        }),
  );
  return () => page.unroute(pattern);
}

export const LANGS = ['en', 'zh', 'ja', 'ko'] as const;
export const SCHEMES = ['light', 'dark'] as const;
type Lang = (typeof LANGS)[number];
type Scheme = (typeof SCHEMES)[number];

/**
 * Lifts a row of a sortable list, moves it up to a position and drops it, all by keyboard. The list
 * listens for arrows a moment after it says that the row is lifted, so an arrow may have to be pressed again.
 */
export async function moveUp(page: Page, name: string, to: number, of: number) {
  const said = page.locator('[id^="DndLiveRegion"]');
  await page.getByRole('button', { name: `Move ${name}` }).focus();
  await page.keyboard.press('Space');
  await expect(said).toContainText(`${name} lifted, position `);
  const from = Number(/position (\d+) of/.exec((await said.textContent()) ?? '')?.[1]);
  for (let place = from - 1; place >= to; place--) {
    await expect(async () => {
      await page.keyboard.press('ArrowUp');
      await expect(said).toHaveText(`${name} is now at position ${place} of ${of}.`, { timeout: 1_000 });
    }).toPass();
  }
  await page.keyboard.press('Space');
  await expect(said).toHaveText(`${name} dropped at position ${to} of ${of}.`);
}
