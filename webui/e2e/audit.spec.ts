// A change that is made in the console is in the audit log with who made it; the log is filtered, verified and exported.
import { readFile } from 'node:fs/promises';
import { expect, failing, inspect, test, useConsole } from './fixture';

const it = useConsole('demo');

test('a change made in the console is in the log, with who made it', async () => {
  const { page } = it;
  await page.goto('/keywords?new=true');
  await page.getByLabel('Name').fill('audited');
  await page.getByRole('textbox', { name: 'Text' }).fill('please try again');
  await page.getByRole('button', { name: 'Create keyword' }).click();
  await expect(page).not.toHaveURL(/new=true/);

  await page.locator('nav a[href="/audit"]').click();
  await page.getByRole('combobox', { name: 'Action' }).fill('CreateFailureKeyword');
  await page.getByRole('option', { name: 'CreateFailureKeyword' }).click();
  await expect(page).toHaveURL(/action=CreateFailureKeyword/);
  await expect(page.getByText('1 event', { exact: true })).toBeVisible();
  const row = page.getByRole('row', { name: /CreateFailureKeyword/ });
  await expect(row).toContainText('user:admin');
  await expect(row).toContainText('Owner');
  await expect(row).toContainText('FailureKeyword/audited');
  await expect(row).toContainText('OK');

  await row.getByRole('link').click();
  const panel = page.getByRole('dialog', { name: /Event \d+/ });
  await expect(panel.getByText('127.0.0.1')).toBeVisible();
  await expect(panel.getByText('create 1')).toBeVisible();
  await expect(panel.getByText(/^[0-9a-f]{64}$/)).toBeVisible();
  await expect(panel.getByRole('link', { name: 'FailureKeyword/audited' })).toBeVisible();
});

test('an event has an address of its own, whatever the filters say', async () => {
  const { page } = it;
  const event = /event=(\d+)/.exec(page.url())?.[1];
  await page.goto(`/audit?action=Logout&event=${event}`);
  await expect(page.getByText('No events match these filters')).toBeVisible();
  await expect(page.getByRole('dialog').getByText('FailureKeyword/audited')).toBeVisible();
  await page.goto('/audit?event=999999');
  await expect(page.getByText('No such event')).toBeVisible();
});

test('the log is verified', async () => {
  const { page } = it;
  await page.goto('/audit');
  await page.getByRole('button', { name: 'Verify the log' }).click();
  await expect(page.getByText('Intact')).toBeVisible();
  await expect(page.getByText(/^\d+ events verified, up to event \d+\.$/)).toBeVisible();
});

test('the events of the list are exported', async () => {
  const { page } = it;
  await page.goto('/audit?action=CreateFailureKeyword');
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export' }).click();
  await page.getByRole('menuitem', { name: 'JSON lines, for programs' }).click();
  const lines = (await readFile(await (await file).path(), 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { action: 'CreateFailureKeyword', actor: 'user:admin', targets: ['FailureKeyword/audited'] },
  ]);
  await expect(page.getByText('1 event exported')).toBeVisible();
});

test('an action that does not exist, and a log that cannot be read, are explained', async () => {
  const { page } = it;
  await page.goto('/audit?action=MakeCoffee');
  await expect(page.getByRole('alert')).toContainText('invalid_argument');
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page.getByRole('row', { name: /CreateFailureKeyword/ })).toBeVisible();
  const end = await failing(page, 'broken', 'AuditService/');
  await page.goto('/audit');
  await expect(page.getByRole('alert')).toContainText('r-77');
  await page.getByRole('button', { name: 'Verify the log' }).click();
  await expect(page.getByRole('alert')).toHaveCount(2);
  await end();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('row', { name: /CreateFailureKeyword/ })).toBeVisible();
});

test('axe finds nothing in four languages and two themes, and nothing is too wide for a phone', async () => {
  const { page } = it;
  const found = await inspect(page, ['/audit', '/audit?event=1'], async (path) => {
    if (path === '/audit') {
      await page.locator('section button').first().click();
      await expect(page.locator('section [role=status] b')).toBeVisible();
    } else {
      await expect(page.getByRole('dialog').locator('dl')).toBeVisible();
    }
  });
  expect(found).toEqual([]);
});
