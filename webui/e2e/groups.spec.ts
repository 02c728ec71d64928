import { audit, expect, inspect, moveUp, soon, test, useConsole, violations } from './fixture';

const it = useConsole('empty');
const KEY = 'sk-groups-spec-0123456789abcdef';
/** Whom the next call of a group goes to. */
const servedBy = async (model: string) => {
  const answer = await fetch(`${it.server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  const text = await answer.text();
  return answer.headers.get('x-trunkline-provider') ?? `${answer.status} ${text}`;
};
const provider = (name: string, behaviour: string) =>
  it.server.call('ProviderService/CreateProvider', {
    provider: { name, dialect: 'fake', models: [{ id: `${behaviour}@m-${name}`, alias: 'm' }] },
  });
const order = () => it.page.getByRole('list', { name: 'Failover order' }).getByRole('listitem');
const live = () => expect(it.page.getByText(/^Saved, and live on 1 of 1 nodes in /)).toBeVisible();

test('a group is made in the console, and calls go to its first member', async () => {
  const { page, server } = it;
  await provider('alpha', 'ok');
  await provider('beta', 'ok');
  await page.goto('/groups');
  await page.getByRole('button', { name: 'New group' }).first().click();
  await page.getByLabel(/^Name/).fill('chat');
  await page.getByRole('combobox', { name: 'Also called' }).fill('gpt-test');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Add members' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add members' });
  await dialog.getByRole('searchbox').fill('alph');
  await dialog.getByRole('button', { name: 'Add alpha / m' }).click();
  await dialog.getByRole('searchbox').fill('beta m');
  await dialog.getByRole('button', { name: 'Add beta / m' }).click();
  expect(await audit(page, 'adding members')).toEqual([]);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Create group' }).click();
  await expect(page.getByRole('heading', { level: 2, name: 'chat' })).toBeVisible();
  await live();
  await expect(order().first()).toContainText('Serving now');
  await expect(order().nth(1)).toContainText('Next in line');
  await server.call('KeyService/CreateApiKey', { apiKey: { name: 'spec', groups: ['chat'], secret: KEY } });
  await expect.poll(() => servedBy('gpt-test')).toBe('alpha');
});

test('reordered by keyboard and saved, the next call goes to the new first', async () => {
  const { page } = it;
  await moveUp(page, 'beta / m', 1, 2);
  await page.getByRole('button', { name: '1 unsaved change' }).click();
  await expect(page.getByText('beta / m → alpha / m')).toBeVisible();
  expect(await audit(page, 'unsaved')).toEqual([]);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await live();
  await expect(order().first()).toContainText('beta');
  expect(await servedBy('chat')).toBe('beta');
});

test('of two tabs the second sees what the first changed, and overwrites it', async () => {
  const { page, server, context } = it;
  const other = await context.newPage();
  for (const tab of [page, other]) await tab.goto('/groups?group=chat&tab=settings');
  await page.getByRole('combobox', { name: 'Also called' }).fill('mine');
  await page.keyboard.press('Enter');
  // The other one is edited before it hears of the first, so that it stays on what it read.
  await other.getByRole('combobox', { name: 'Members of one priority' }).click();
  await other.getByRole('option', { name: 'By weight' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await live();
  await other.getByRole('button', { name: 'Save', exact: true }).click();
  const conflict = other.getByRole('alert').filter({ hasText: 'Someone else changed this' });
  await expect(conflict).toContainText('mine');
  await expect(conflict).toContainText('By weight');
  expect(await audit(other, 'conflict')).toEqual([]);
  await conflict.getByRole('button', { name: 'Overwrite with mine' }).click();
  await expect(conflict).toBeHidden();
  await other.close();
  const { group } = await server.call<{ group: { aliases: string[]; selection: string } }>('GroupService/GetGroup', {
    name: 'chat',
  });
  expect(group).toMatchObject({ aliases: ['gpt-test', 'mine'], selection: 'weighted' });
});

test('a threshold of the group takes effect: one failure cools a member, and it recovers', async () => {
  const { page, server } = it;
  await provider('flaky', 'status-503-times-1');
  await server.call('GroupService/CreateGroup', {
    group: {
      name: 'hot',
      members: [
        { provider: 'flaky', model: 'm', priority: 1 },
        { provider: 'alpha', model: 'm', priority: 2 },
      ],
    },
  });
  const { apiKey } = await server.call<{ apiKey: object }>('KeyService/GetApiKey', { name: 'spec' });
  await server.call('KeyService/UpdateApiKey', { apiKey: { ...apiKey, groups: ['chat', 'hot'] } });
  await page.goto('/groups?group=hot&tab=policy');
  await page.getByRole('textbox', { name: 'Failures', exact: true }).fill('1');
  await page.getByRole('textbox', { name: 'First cooldown', exact: true }).fill('600');
  await page.getByRole('textbox', { name: 'Longest cooldown', exact: true }).fill('10'); // minutes, as what is inherited
  await page.getByRole('button', { name: '3 unsaved changes' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await live();
  await page.getByRole('tab', { name: 'Members' }).click();
  await expect(page.getByText('1 failure in 1 min')).toBeVisible();
  await expect(order().first()).toContainText('0 of 1 failures');

  expect(await servedBy('hot')).toBe('alpha');
  await soon(page, (patience) => expect(order().first()).toContainText('Cooling down', patience));
  // Ten minutes, give or take a tenth.
  await expect(order().first()).toContainText(/Retry in (9|10|11):\d\d/);
  await expect(order().nth(1)).toContainText('Serving now');

  await page.getByRole('button', { name: 'Actions for flaky / m' }).click();
  await page.getByRole('menuitem', { name: 'End cooldown now' }).click();
  await soon(page, (patience) => expect(order().first()).not.toContainText('Cooling down', patience));
  // Whether it is probed first or serves at once: what it answers makes it healthy.
  await expect.poll(() => servedBy('hot')).toBe('flaky');
  await soon(page, (patience) => expect(order().first()).toContainText('Serving now', patience));
});

test('deleting is hindered by keys and says which; unsaved edits are not lost without a word', async () => {
  const { page } = it;
  await page.goto('/groups?group=chat');
  await page.getByRole('button', { name: 'More about chat' }).click();
  await page.getByRole('menuitem', { name: 'Delete group' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete chat?' });
  await expect(dialog.getByRole('link', { name: 'spec' })).toBeVisible();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await page.getByRole('button', { name: 'Actions for alpha / m' }).click();
  await page.getByRole('menuitem', { name: 'Leave out of this group' }).click();
  await page.getByRole('link', { name: /^hot/ }).click();
  await page.getByRole('dialog', { name: 'Leave without saving?' }).getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Discard' }).click();
  await expect(page.getByRole('region', { name: 'Unsaved changes' })).toBeHidden();
});

test('axe finds nothing in four languages and two themes, and a phone is wide enough', async () => {
  const { page } = it;
  const paths = ['', '&tab=settings', '&tab=policy', '&tab=route'].map((tab) => `/groups?group=chat${tab}`);
  expect(await inspect(page, [...paths, '/groups?new=true'])).toEqual([]);
  expect(await violations(page)).toEqual([]);
});
