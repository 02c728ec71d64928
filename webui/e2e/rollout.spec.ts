// A change is tried on one node of two, on real ones: sent to every node, held when the first node fails, and rolled back.
import { audit, expect, settled, test, tooWide, useConsole, violations } from './fixture';

const it = useConsole('empty', { nodes: 2 });
type Fleet = { nodes: { state: string }[] };

test.beforeAll(async () => {
  await it.server.call('ProviderService/CreateProvider', {
    provider: { name: 'mine', dialect: 'openai', baseUrl: 'http://127.0.0.1:9/v1', models: [{ id: 'm' }] },
  });
});

/** Makes a change that is tried, and opens the page that shows it. */
const change = async (group: string) => {
  await it.server.call('GroupService/CreateGroup', {
    group: { name: group, members: [{ provider: 'mine', model: 'm' }] },
  });
  await it.page.goto('/nodes');
};
const row = (name: string) => it.page.getByRole('row', { name: new RegExp(`^${name}`) });
const confirm = async (title: RegExp, button: string) => {
  await it.page.getByRole('button', { name: button }).click();
  await it.page.getByRole('dialog', { name: title }).getByRole('button', { name: button }).click();
};
const groups = async () => {
  const { groups = [] } = await it.server.call<{ groups?: { name: string }[] }>('GroupService/ListGroups');
  return groups.map((group) => group.name);
};

test('changes are set to be tried on one node first', async () => {
  const { page } = it;
  await page.goto('/settings?section=rollout');
  await page.getByRole('switch', { name: 'Try changes on some nodes first' }).click({ force: true });
  await page.getByRole('combobox', { name: 'Always these nodes' }).fill('node-2');
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Watch time' }).fill('600');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Unsaved changes' })).toBeHidden();
});

test('a change is on that node alone until it is sent to every node', async () => {
  const { page } = it;
  await change('good');
  const card = page.locator('section').filter({ hasText: /Revision \d+ is being tried on node-2/ });
  await expect(card.getByText(/^Watched for/)).toBeVisible();
  await expect(row('node-1').getByText('Held back')).toBeVisible();
  await expect(row('node-2').getByText('Up to date')).toBeVisible();
  expect(await audit(page, 'a rollout')).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await tooWide(page)).toBe(0);
  await page.setViewportSize({ width: 1440, height: 900 });
  await confirm(/^Send revision \d+ to every node\?$/, 'Send to every node');
  await expect(row('node-1').getByText('Up to date')).toBeVisible();
  await expect(card).toHaveCount(0);
});

test('a change is held when the node restarts with it, and rolled back', async () => {
  const { page, server } = it;
  await change('bad');
  await expect(page.getByText(/Revision \d+ is being tried on node-2/)).toBeVisible();
  await expect(row('node-2').getByText('Up to date')).toBeVisible();
  await server.nodes[1]?.restart();
  await expect(page.getByRole('heading', { name: /^Revision \d+ is held back$/ })).toBeVisible();
  await expect(page.getByText('node node-2 was started again after it was sent')).toBeVisible();
  await expect(row('node-1').getByText('Held back')).toBeVisible();
  await page.locator('nav a[href="/history"]').click();
  await expect(page.getByRole('heading', { name: /^Revision \d+ is held back$/ })).toBeVisible();
  await settled(page);
  await confirm(/^Roll back revision \d+\?$/, 'Roll back');
  await expect(page.getByText(/^Rolled back with revision \d+\.$/)).toBeVisible();
  expect(await groups()).toEqual(['good']);
  const states = async () => (await server.call<Fleet>('NodeService/ListNodes')).nodes.map((node) => node.state);
  await expect.poll(states).toEqual(['NODE_STATE_READY', 'NODE_STATE_READY']);
  expect(await violations(page)).toEqual([]);
});
