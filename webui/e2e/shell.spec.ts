// What holds for the frame around every page: signing in, languages, themes, keyboard, phone, policy,
// going down and coming back, and running under a path of a proxy.
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  audit,
  expect,
  failing,
  inspect,
  settled,
  signIn,
  soon,
  test,
  tooWide,
  useConsole,
  violations,
  visit,
} from './fixture';
import { PASSWORD, USER } from './server';

const it = useConsole('demo');
const PATHS = [
  '/',
  '/calls',
  '/playground',
  '/providers',
  '/groups',
  '/keys',
  '/keywords',
  '/alerts',
  '/nodes',
  '/history',
  '/audit',
  '/settings',
];

test('every page is reached by its link, has its title, and breaks no policy', async () => {
  const { page } = it;
  await page.goto('/');
  for (const path of PATHS) {
    const link = page.locator(`nav a[href="${path}"]`);
    await link.click();
    const name = (await link.textContent()) ?? '';
    await expect(page.getByRole('heading', { level: 1, name, exact: true })).toBeVisible();
    await expect(page).toHaveTitle(`${name} · Trunkline`);
    await settled(page);
  }
  expect(await violations(page)).toEqual([]);
});

test('axe finds nothing: every page, four languages, two themes', async () => {
  const { page } = it;
  expect(await inspect(page, PATHS)).toEqual([]);
});

test('palette, shortcuts and help by keyboard alone', async () => {
  const { page } = it;
  await page.goto('/keys');
  await settled(page);
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Page, name, request ID or trace ID').fill('reasoning');
  await expect(page.getByRole('dialog')).toContainText('reasoning-large');
  expect(await audit(page, 'the palette')).toEqual([]);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/groups\?group=reasoning-large/);
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await expect(page).toHaveURL(/\/settings/);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  expect(await audit(page, 'the help')).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  expect(await violations(page)).toEqual([]);
});

test('a keyboard is enough, and a phone is wide enough', async () => {
  test.setTimeout(120_000);
  const { page } = it;
  await page.goto('/groups');
  await settled(page);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('main')).toBeFocused();

  const found: string[] = [];
  for (const path of PATHS) {
    await visit(page, path);
    for (const width of [390, 820, 1180]) {
      await page.setViewportSize({ width, height: 844 });
      const extra = await tooWide(page);
      if (extra > 0) found.push(`${path} at ${width} px: ${extra} px`);
    }
  }
  expect(found).toEqual([]);

  await page.setViewportSize({ width: 390, height: 844 });
  await visit(page, '/settings?section=about');
  await expect(page.getByRole('tab', { name: 'About' })).toBeInViewport({ ratio: 0.9 });
  await page.getByRole('button', { name: 'Open menu' }).click();
  await expect(page.getByRole('button', { name: 'Close menu' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Close menu' })).toBeHidden();
  await page.getByRole('button', { name: 'Open menu' }).click();
  await page.getByRole('navigation').getByRole('link', { name: 'Providers' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Providers' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Close menu' })).toBeHidden();
  await page.setViewportSize({ width: 1440, height: 900 });
});

test('a control plane that restarts: old data stays with its age, and is new again by itself', async () => {
  test.setTimeout(180_000);
  const { page, server } = it;
  await page.goto('/groups');
  await settled(page);
  await server.stop();
  const age = page.getByText(/^This data is \d+ (sec|min) old\.$/);
  await soon(page, (patience) => expect(age).toBeVisible(patience));
  await expect(page.getByRole('heading', { level: 1, name: 'Groups' })).toBeVisible();
  await server.restart();
  await soon(page, (patience) => expect(age).toBeHidden(patience));
  expect(await audit(page, 'after a restart')).toEqual([]);
});

test('one that is down from the start is said, and a click tries again', async () => {
  const { page } = it;
  const up = await failing(page, 'down');
  await page.goto('/keys');
  await expect(page.getByRole('heading', { name: 'The control plane is not responding' })).toBeVisible();
  expect(await audit(page, 'nothing answers')).toEqual([]);
  await up();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'API keys' })).toBeVisible();
});

test('under a path of a proxy: deep links, files, signing in and out', async ({ browser }) => {
  // What a proxy does for "location /trunkline/ { proxy_pass http://trunkline/; }".
  const proxy = createServer((req, res) => {
    if (!req.url?.startsWith('/trunkline/')) {
      res.writeHead(404).end('not here');
      return;
    }
    const target = new URL(req.url.slice('/trunkline'.length), it.server.url);
    const onward = forward(target, { method: req.method, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    req.pipe(onward);
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  const base = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const context = await browser.newContext({ baseURL: base, locale: 'en-US' });
  const page = await context.newPage();
  const missed: string[] = [];
  page.on('response', (r) => r.status() === 404 && missed.push(r.url()));
  try {
    await page.goto('/trunkline/groups?group=reasoning-large');
    await expect(page).toHaveURL(/\/trunkline\/login\?next=/);
    await page.getByLabel('User name').fill(USER);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(`${base}/trunkline/groups?group=reasoning-large`);
    await expect(page.getByRole('heading', { level: 1, name: 'Groups' })).toBeVisible();
    await page.getByRole('navigation').getByRole('link', { name: 'API keys' }).click();
    await expect(page).toHaveURL(`${base}/trunkline/keys`);
    await page.reload();
    await settled(page);
    expect(missed).toEqual([]);
  } finally {
    await context.close();
    proxy.close();
  }
});

test('the page is fresh, its files are kept, and what is missing is not a page', async () => {
  const html = { Accept: 'text/html' };
  const page = await it.context.request.get('/groups', { headers: html });
  expect(page.headers()['cache-control']).toBe('no-store');
  expect(page.headers()['content-security-policy']).toContain("default-src 'none'");
  const script = /src="\.(\/assets\/[^"]+\.js)"/.exec(await page.text())?.[1] ?? '';
  const asset = await it.context.request.get(script);
  expect(asset.headers()['cache-control']).toContain('immutable');
  expect(asset.headers()['content-encoding']).toBe('gzip');
  const missing = await it.context.request.get('/assets/index-gone.js', { headers: html });
  expect([missing.status(), missing.headers()['content-type']]).toEqual([404, 'application/json']);
});

test('signing out ends it, and a page asked for then leads back after signing in', async () => {
  const { page } = it;
  await page.goto('/keys');
  await page.getByRole('button', { name: `Account: ${USER}` }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/login$/);
  await page.goto('/keys?q=bot');
  await expect(page).toHaveURL(/\/login\?next=/);
  await page.getByLabel('User name').fill(USER);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/keys\?q=bot$/);
  await signIn(page);
});
