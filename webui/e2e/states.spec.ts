// Every state a page can be in, on e2e/fakeadmin: a real Trunkline cannot be asked to fail.
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { audit, isReal, settled, violations, watchPolicy } from './open';

test.skip(isReal, 'needs e2e/fakeadmin');

// One page for all: on small machines a new browser context costs more than a test.
let context: BrowserContext;
let page: Page;
let base: string;

test.beforeAll(async ({ browser, baseURL }) => {
  base = baseURL ?? '';
  context = await browser.newContext({
    baseURL,
    viewport: { width: 1440, height: 900 },
    locale: 'en-US',
    reducedMotion: 'reduce',
  });
  page = await context.newPage();
  await watchPolicy(page);
});
test.afterAll(() => context.close());

async function open(path: string, scenario = 'full') {
  await context.clearCookies();
  const url = base;
  await context.addCookies([
    { name: 'scenario', value: scenario, url },
    { name: 'session', value: 'in', url },
  ]);
  await page.goto(path);
}

test('groups: order, turn, countdown and reason', async () => {
  await open('/groups');
  const rows = page.getByRole('list', { name: 'Failover order' }).getByRole('listitem');
  await expect(rows).toHaveCount(5);
  await expect(rows.nth(0)).toContainText(/Cooling down.*Tried again in \d:\d\d.*Server error/);
  await expect(rows.nth(1)).toContainText('Serving now');
  await expect(rows.nth(2)).toContainText(/Next in line.*Degraded.*3 of 5 failures/);
  const countdown = rows.nth(0).getByText(/Tried again in/);
  const before = await countdown.textContent();
  await expect(countdown).not.toHaveText(before ?? '');
  await page.getByRole('link', { name: 'Calls to this group' }).click();
  await expect(page).toHaveURL(/\/calls\?group=chat-default/);
});

test('calls: filter, drawer by click and by URL, back', async () => {
  await open('/calls');
  await page.getByRole('combobox', { name: 'Outcome' }).selectOption('server_error');
  await expect(page.getByRole('row')).toHaveCount(14);
  await page.getByRole('row').nth(1).getByRole('link').click();
  const drawer = page.getByRole('dialog', { name: 'Call' });
  await expect(drawer.getByText('dial api.openai.com:443: i/o timeout')).toBeVisible();
  await expect(page.locator('body')).toHaveCSS('overflow', 'hidden');
  await page.reload();
  await expect(drawer.getByText('Connect timeout')).toBeVisible();
  expect(await audit(page, 'the drawer')).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();
  await expect(page).toHaveURL(/\/calls\?outcome=server_error$/);
  expect(await violations(page)).toEqual([]);
});

test('many: all pages of the list are read, and only some rows drawn', async () => {
  await open('/groups', 'many');
  const list = page.getByRole('region', { name: 'Groups' });
  await expect(list.getByRole('link')).toHaveCount(200);
  await expect(list.getByRole('button', { name: 'Show more (2,300 left)' })).toBeVisible();
  await page.getByRole('searchbox').fill('group-2499');
  await expect(list.getByRole('link')).toHaveCount(1);
  await expect(page.getByRole('heading', { level: 2, name: 'group-2499' })).toBeVisible();
});

test('empty: every page says what to do next', async () => {
  await open('/', 'empty');
  await expect(page.getByRole('heading', { name: 'Add a provider' })).toBeVisible();
  for (const [path, title] of [
    ['/groups', 'No groups yet'],
    ['/providers', 'No providers yet'],
    ['/keys', 'No API keys yet'],
    ['/calls', 'No calls yet'],
  ] as const) {
    await page.locator(`nav a[href="${path}"]`).click();
    await expect(page.getByRole('heading', { name: title })).toBeVisible();
    await expect(page.locator('main pre').first()).toBeVisible();
    expect(await audit(page, path)).toEqual([]);
  }
});

test('failing, slow and down: each is said, and nothing is blank', async () => {
  await open('/keys', 'fail');
  await expect(page.getByRole('alert')).toContainText('Something went wrong in the control plane');
  await expect(page.getByRole('alert')).toContainText('0199e5c1-7d1e-7a52-9d0b-6f2d8c3b1a44');
  expect(await audit(page, 'an error')).toEqual([]);
  await open('/keys', 'slow');
  await expect(page.locator('[aria-busy=true]')).toBeVisible();
  await open('/keys', 'down');
  await expect(page.getByRole('heading', { name: 'The control plane does not answer' })).toBeVisible();
  expect(await audit(page, 'nothing answers')).toEqual([]);
  await context.addCookies([{ name: 'scenario', value: 'full', url: base }]);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText('batch-jobs')).toBeVisible();
});

test('going down later keeps what was there and says how old it is', async () => {
  await open('/groups');
  await settled(page);
  await context.addCookies([{ name: 'scenario', value: 'down', url: base }]);
  await expect(page.getByText(/This is from .* trying again/)).toBeVisible({ timeout: 15_000 });
  await expect(page.getByRole('heading', { level: 2, name: 'chat-default' })).toBeVisible();
});

test('throttled: the wait counts down and the button waits too', async () => {
  await context.clearCookies();
  await page.goto('/login');
  await page.getByLabel('User name').fill('throttled');
  await page.getByLabel('Password', { exact: true }).fill('x');
  await page.keyboard.press('Enter');
  await expect(page.getByText(/You can try again in 0:4\d/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeDisabled();
});
