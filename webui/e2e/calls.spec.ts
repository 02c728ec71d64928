// The call logs on a real Trunkline: its scripted upstream fails as demo.yaml says, so a failover is there to be read.
import { readFileSync } from 'node:fs';
import { audit, expect, failing, inspect, settled, test, tooWide, useConsole, violations } from './fixture';

const it = useConsole('demo');
type Listed = { calls?: { id: string; attemptCount?: number; outcome: string; skipped?: object[] }[] };

test.beforeAll(async () => {
  test.setTimeout(120_000);
  for (const stream of [false, true, false]) await it.server.chat('chat-default', { stream });
  await it.server.chat('fast-cheap');
  await it.server.chat('no-such-group');
  const stored = async () => (await it.server.call<Listed>('CallService/ListCalls')).calls?.length ?? 0;
  await expect.poll(stored, { timeout: 30_000 }).toBe(5);
});

test('the failed-over call is found, and why it failed over is read', async () => {
  const { page } = it;
  await page.goto('/calls');
  await settled(page);
  await page.getByRole('button', { name: 'Failed over', exact: true }).click();
  await expect(page).toHaveURL(/failedOver=true/);
  const row = page.getByRole('row', { name: /azure-east-us-2 503 openai-direct 200/ }).first();
  await row.getByRole('link').first().click();
  const panel = page.getByRole('dialog');
  await expect(panel.getByText('1 attempt failed, then openai-direct answered.')).toBeVisible();
  await expect(panel.getByText(/Counts against/)).toBeVisible();
  await expect(panel.getByText('503', { exact: true })).toBeVisible();
  await expect(panel.getByRole('link', { name: 'support-bot' })).toHaveAttribute('href', '/keys?key=support-bot');
  await panel.getByRole('button', { name: 'Copy as curl' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('"model": "chat-default"');
  await panel.getByRole('button', { name: 'Show request and answer' }).click();
  await expect(panel.getByText(/Not stored/)).toBeVisible();
  const first = page.url();
  await page.keyboard.press('j');
  await expect(page).not.toHaveURL(first);
  await page.keyboard.press('k');
  await expect(page).toHaveURL(first);
  expect(await audit(page, 'a call')).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(panel).toBeHidden();
});

test('an outcome and an id narrow the list, and what nobody called is said', async () => {
  const { page, server } = it;
  await page.goto('/calls');
  await page.getByRole('combobox', { name: 'Outcome' }).fill('No such group');
  await page.getByRole('option', { name: 'No such group' }).click();
  await expect(page).toHaveURL(/outcome=model_unknown/);
  await expect(page.getByText('1 call', { exact: true }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).click();

  const { calls = [] } = await server.call<Listed>('CallService/ListCalls', { filter: { group: 'fast-cheap' } });
  await page.getByRole('searchbox', { name: 'Find by request ID' }).fill(calls[0]?.id ?? '');
  await expect(page.locator('tbody tr')).toHaveCount(1);
  await expect(page.locator('tbody tr')).toContainText('fast-cheap');
  await page.getByRole('searchbox', { name: 'Find by request ID' }).fill('nobody-sent-this');
  await expect(page.getByText('No call has this request ID')).toBeVisible();
});

test('the bars are zoomed by pointer and by key', async () => {
  const { page } = it;
  await page.goto('/calls?range=1h');
  await expect(page.getByRole('region', { name: 'Calls over time' }).getByText(/^5 calls/)).toBeVisible();
  const bars = page.getByRole('figure', { name: 'Calls over time' });
  await expect(bars.locator('.recharts-surface')).toBeVisible();
  const box = await bars.locator('.recharts-surface').boundingBox();
  if (!box) throw new Error('no bars are drawn');
  await page.mouse.move(box.x + box.width * 0.6, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.98, box.y + 40, { steps: 6 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=\d+&to=\d+/);
  const dragged = page.url();
  await page.keyboard.press('-');
  await expect(page).not.toHaveURL(dragged);
  await page.getByRole('button', { name: '1h', exact: true }).click();
  await expect(page).toHaveURL(/range=1h/);
  // Pressed on a bar, a drag is a drag all the same; once more if the bars of the range before were still there.
  await expect(async () => {
    const bar = await bars.locator('a').last().boundingBox();
    if (!bar) throw new Error('there is no bar');
    await page.mouse.move(bar.x + bar.width / 2, bar.y + bar.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, bar.y, { steps: 6 });
    await page.mouse.up();
    await expect(page).toHaveURL(/from=\d+&to=\d+/, { timeout: 2000 });
  }).toPass();
  const [, from, to] = /from=(\d+)&to=(\d+)/.exec(page.url()) ?? [];
  expect(Number(to) - Number(from)).toBeGreaterThan(10 * 60_000);
});

test('the list is exported as CSV and as JSON lines', async () => {
  const { page } = it;
  await page.goto('/calls?group=chat-default');
  await settled(page);
  const exported = async (item: string) => {
    await page.getByRole('button', { name: 'Export' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: item }).click();
    return readFileSync(await (await download).path(), 'utf8')
      .trimEnd()
      .split('\n');
  };
  const csv = await exported('CSV, for spreadsheets');
  expect(csv[0]).toMatch(/^id,start_time,node,/);
  expect(csv).toHaveLength(4);
  await expect(page.getByText('3 calls exported')).toBeVisible();
  const json = await exported('JSON lines, with attempts');
  expect(json.map((line) => JSON.parse(line).attempts.length)).toHaveLength(3);
  expect(await violations(page)).toEqual([]);
});

test('a call that comes in is counted, and shown when asked for', async () => {
  const { page, server } = it;
  await page.goto('/calls');
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await expect(page.getByText('5 calls', { exact: true }).first()).toBeVisible();
  await server.chat('embeddings');
  await page.getByRole('button', { name: '1 new call' }).click({ timeout: 30_000 });
  await expect(page.locator('tbody tr').first()).toContainText('embeddings');
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByText('Paused', { exact: true })).toBeVisible();
});

test('a member that cools down is shown as skipped, with why', async () => {
  const { page, server } = it;
  for (let i = 0; i < 4; i++) await server.chat('chat-default');
  const newest = async () => {
    const { calls = [] } = await server.call<Listed>('CallService/ListCalls', { withAttempts: true, pageSize: 20 });
    return calls.find((call) => call.skipped)?.id ?? '';
  };
  await expect.poll(newest, { timeout: 30_000 }).not.toBe('');
  await page.goto(`/calls?call=${await newest()}`);
  const skipped = page.getByRole('dialog').getByRole('list', { name: 'Skipped' });
  await expect(skipped).toContainText('azure-east-us-2');
  await expect(skipped).toContainText(/cooling down until .* after: Server error/);
});

test('one part that cannot be read leaves the others', async () => {
  const { page } = it;
  const over = await failing(page, 'broken', 'UsageService/GetUsageSeries');
  await page.goto('/calls');
  await expect(page.getByRole('region', { name: 'Calls over time' }).getByRole('alert')).toBeVisible();
  await expect(page.getByRole('row', { name: /chat-default/ }).first()).toBeVisible();
  await over();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('figure', { name: 'Calls over time' })).toBeVisible();
});

test("a view of one's own is saved, opened, shared, renamed and deleted", async () => {
  const { page } = it;
  await page.goto('/calls');
  await settled(page);
  await expect(page.getByRole('button', { name: 'Save view' })).toHaveCount(0); // it would be the page itself
  await page.goto('/calls?group=chat-default&failedOver=true&range=7d');
  await page.getByRole('button', { name: 'Save view' }).click();
  const dialog = page.getByRole('dialog', { name: 'Save view' });
  await expect(dialog.getByRole('button', { name: 'Save' })).toBeDisabled();
  await dialog.getByLabel('Name').fill('Chat moved on');
  await page.keyboard.press('Enter');
  const own = page.getByRole('list', { name: 'Your views' });
  await expect(own.getByRole('link', { name: 'Chat moved on' })).toHaveAttribute('aria-current', 'page');
  await expect(page.getByRole('button', { name: 'Save view' })).toHaveCount(0);
  expect(await audit(page, 'own views')).toEqual([]);

  await page.goto('/calls?failed=true'); // this browser keeps it
  await own.getByRole('link', { name: 'Chat moved on' }).click();
  await expect(page).toHaveURL(/group=chat-default/);
  await expect(page.getByRole('button', { name: 'Failed over', exact: true })).toHaveAttribute('aria-pressed', 'true');
  const menu = page.getByRole('button', { name: 'Actions for the view Chat moved on' });
  await menu.click();
  await page.getByRole('menuitem', { name: 'Copy link' }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(Object.fromEntries(new URL(link).searchParams)).toEqual({
    group: 'chat-default',
    failedOver: 'true',
    range: '7d',
  });
  expect(link.startsWith(`${it.server.url}/calls?`)).toBe(true);

  await page.goto('/calls?failed=true');
  await page.getByRole('button', { name: 'Save view' }).click();
  await dialog.getByLabel('Name').fill('Chat moved on');
  await expect(dialog.getByText('A view with this name exists')).toBeVisible();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await menu.click();
  await page.getByRole('menuitem', { name: 'Rename view' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Moved on');
  await page.keyboard.press('Enter');
  await expect(own.getByRole('link', { name: 'Moved on', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Actions for the view Moved on' }).click();
  await page.getByRole('menuitem', { name: 'Delete view' }).click();
  await expect(own).toHaveCount(0);
});

test('a phone draws the cards in sight only', async () => {
  const { page, server } = it;
  for (let sent = 0; sent < 40; sent++) await server.chat('fast-cheap');
  const stored = async () => (await server.call<Listed>('CallService/ListCalls')).calls?.length ?? 0;
  await expect.poll(stored, { timeout: 30_000 }).toBeGreaterThan(40);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/calls');
  await settled(page);
  const cards = page.locator('tbody tr[data-index]');
  await expect(cards.first()).toBeVisible();
  expect(await cards.count()).toBeLessThan(25);
  // Whatever is scrolled to is drawn: the page's end has the oldest of them.
  await expect(async () => {
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await expect(cards.last()).toBeInViewport({ timeout: 1_000 });
    expect(Number(await cards.last().getAttribute('data-index'))).toBeGreaterThan(38);
  }).toPass();
  expect(await cards.count()).toBeLessThan(25);
  expect(await tooWide(page)).toBe(0);
  await page.setViewportSize({ width: 1440, height: 900 });
});

test('axe finds nothing in four languages and two themes, and a phone is wide enough', async () => {
  const { page } = it;
  expect(await inspect(page, ['/calls?model=gpt-5.2&failedOver=true'])).toEqual([]);
});
