// Thresholds take effect, two admins do not overwrite each other, and a rollback brings back what was.
import { audit, expect, settled, soon, test, useConsole } from './fixture';

const it = useConsole('demo');

type Explained = { route: { candidates?: { threshold?: number }[] } };
const threshold = async () => {
  const { route } = await it.server.call<Explained>('GroupService/ExplainGroup', { name: 'reasoning-large' });
  return route.candidates?.[0]?.threshold;
};

test('a threshold is changed and holds', async () => {
  const { page } = it;
  await page.goto('/settings');
  await page.getByLabel('Failures').fill('7');
  await expect(page.getByText(/skipped after 7 failures/)).toBeVisible();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Settings saved.')).toBeVisible();
  expect(await threshold()).toBe(7);
});

test('two tabs: the second sees what the first saved, and decides', async () => {
  const { page, context } = it;
  const other = await context.newPage();
  await page.goto('/settings');
  await other.goto('/settings');
  await settled(other);
  await page.getByLabel('Attempts per call').fill('3');
  await other.getByLabel('Failures').fill('9');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Settings saved.')).toBeVisible();
  await other.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(other.getByText('Someone else changed this while you were editing.')).toBeVisible();
  expect(await audit(other, 'a conflict')).toEqual([]);
  await other.getByRole('button', { name: 'Keep theirs, discard mine' }).click();
  await expect(other.getByLabel('Attempts per call')).toHaveValue('3');
  await expect(other.getByLabel('Failures')).toHaveValue('7');
  await other.close();
});

test('the history shows who did it, and goes back', async () => {
  const { page } = it;
  await page.goto('/history');
  await settled(page);
  const row = page.getByRole('row', { name: /changed settings/ }).first();
  await row.getByRole('link').click();
  const panel = page.getByRole('dialog', { name: /^Revision/ });
  await expect(panel.getByText(/max_attempts/)).toBeVisible();
  await page.keyboard.press('j');
  await expect(panel.getByRole('button', { name: 'Roll back to this revision' })).toBeVisible();
  await panel.getByRole('button', { name: 'Roll back to this revision' }).click();
  const question = page.getByRole('dialog', { name: /^Roll back to revision/ });
  await expect(question.getByText(/max_attempts/).first()).toBeVisible();
  await question.getByRole('button', { name: 'Roll back to this revision' }).click();
  await expect(page.getByText(/^Rolled back\./)).toBeVisible();
  expect(await threshold()).toBe(7); // which was saved before
  const { settings } = await it.server.call<{ settings: { failover: { maxAttempts?: number } } }>(
    'SettingsService/GetSettings',
  );
  expect(settings.failover.maxAttempts).toBeUndefined();
});

test('WebSockets are limited and switched off', async () => {
  const { page } = it;
  await page.goto('/settings?section=data');
  const perKey = page.getByLabel('Connections per API key');
  await perKey.fill('20000');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(perKey).toHaveAttribute('aria-invalid', 'true');
  expect(await audit(page, 'a limit that is refused')).toEqual([]);
  await perKey.fill('50');
  await page.getByRole('switch', { name: 'Accept WebSockets' }).click({ force: true });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Settings saved.')).toBeVisible();
  type Stored = { settings: { effectiveWebsocket: { enabled: boolean; maxConnectionsPerKey: number } } };
  const { settings } = await it.server.call<Stored>('SettingsService/GetSettings', {});
  expect(settings.effectiveWebsocket).toEqual({ enabled: false, maxConnectionsPerKey: 50 });
});

test('a node is drained and takes new clients again', async () => {
  const { page } = it;
  await page.goto('/nodes');
  await settled(page);
  await expect(page.getByText(/This gateway runs as one process/)).toBeVisible();
  await page.getByRole('table').getByRole('link').first().click();
  await page.getByRole('button', { name: 'Drain' }).click();
  await page
    .getByRole('dialog', { name: /^Drain/ })
    .getByRole('button', { name: 'Drain' })
    .click();
  await soon(page, (patience) => expect(page.getByRole('row', { name: /Draining/ })).toBeVisible(patience));
  expect(await audit(page, 'a node')).toEqual([]);
  await page.getByRole('button', { name: 'Undo drain' }).click();
  await soon(page, (patience) => expect(page.getByRole('row', { name: /Up to date/ })).toBeVisible(patience));
});
