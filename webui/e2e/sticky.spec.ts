// A group whose conversations stay together: made so in the console, asked where a conversation goes, and after a
// failover the call says that it is held.
import { audit, expect, test, tooWide, useConsole, violations } from './fixture';
import { useUpstream } from './upstream';

const it = useConsole('empty');
const KEY = 'sk-sticky-spec-0123456789abcdef';
const isDown = new Set<string>();
const upstream = useUpstream(({ path }) => {
  if (isDown.has(path.split('/')[1] ?? '')) return { status: 500, json: { error: { message: 'down' } } };
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }];
  return { json: { id: 'c', object: 'chat.completion', choices } };
});

test.beforeAll(async () => {
  for (const name of ['left', 'right'])
    await it.server.call('ProviderService/CreateProvider', {
      provider: {
        name,
        baseUrl: `${upstream.url}/${name}/v1`,
        credentials: [{ name: `key-of-${name}`, secret: 'key-of-the-upstream' }],
        models: [{ id: 'm' }],
      },
    });
  const members = ['left', 'right'].map((provider) => ({ provider, model: 'm', priority: 1 }));
  await it.server.call('GroupService/CreateGroup', { group: { name: 'talk', members } });
  await it.server.call('KeyService/CreateApiKey', { apiKey: { name: 'app', groups: ['talk'], secret: KEY } });
});

/** Whom the next call of a conversation goes to. */
const servedBy = async (session: string) => {
  const answer = await fetch(`${it.server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${KEY}`, 'x-session-id': session },
    body: JSON.stringify({ model: 'talk', messages: [{ role: 'user', content: 'Hello' }] }),
  });
  await answer.text();
  return answer.headers.get('x-trunkline-provider');
};

test('sticky is chosen, and how long a failover holds is refused at its field, corrected and shown', async () => {
  const { page, server } = it;
  await page.goto('/groups?group=talk&tab=settings');
  await page.getByRole('combobox', { name: 'Members of one priority' }).click();
  await page.getByRole('option', { name: 'Conversation stays together' }).click();
  await page.getByRole('tab', { name: 'Failover policy' }).click();
  const hold = page.getByRole('textbox', { name: 'A conversation stays away for' });
  await hold.fill('999999');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(hold).toHaveAttribute('aria-invalid', 'true');
  await hold.fill('7');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText(/^Saved, and live on 1 of 1 nodes in /)).toBeVisible();
  await page.reload();
  await expect(hold).toHaveValue('7');
  const { group } = await server.call<{ group: { selection: string; policy: { affinityHold: string } } }>(
    'GroupService/GetGroup',
    { name: 'talk' },
  );
  expect(group.selection).toBe('sticky');
  expect(group.policy.affinityHold).toMatch(/^(7|420)s$/);
});

test('a pasted request shows what members would be told, and one that is no JSON is refused', async () => {
  const { page } = it;
  await page.goto('/groups?group=talk&tab=route');
  const body = page.getByRole('textbox', { name: 'Request body' });
  await body.fill('{"model":"talk"');
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByRole('alert').getByText(/JSON/)).toBeVisible();
  await body.fill('{"model":"talk","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"top_k":4}');
  await page.getByRole('combobox', { name: 'API of the client' }).click();
  await page.getByRole('option', { name: 'messages' }).click();
  await page.getByRole('button', { name: 'Preview' }).click();
  const told = page.getByRole('list', { name: 'What a request would become' });
  await expect(told.getByText('unchanged; translated to chat if the provider lacks this API')).toHaveCount(2);
  await expect(told.getByText('Dropped: top_k')).toHaveCount(2);
  expect(await audit(page, 'the preview of a request')).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await tooWide(page)).toBe(0);
  await page.setViewportSize({ width: 1440, height: 900 });
});

test('a conversation goes where the route says, and after a failover its call says that it is held', async () => {
  const { page, server } = it;
  await page.goto('/groups?group=talk&tab=route');
  await expect(page.getByText(/^From top to bottom.* All calls of a conversation go to the same member/)).toBeVisible();
  await page.getByRole('combobox', { name: 'API key' }).click();
  await page.getByRole('option', { name: 'app' }).click();
  await page.getByLabel('Session').fill('talk-17');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await expect(page.getByText(/For the conversation “talk-17”/)).toBeVisible();
  const route = page.getByRole('list', { name: 'How a call would go now' });
  await expect(route.getByText(/^key-of-/).first()).toBeVisible();
  expect(await audit(page, 'the route of a conversation')).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await tooWide(page)).toBe(0);
  await page.setViewportSize({ width: 1440, height: 900 });
  const first = await route.locator('> li[data-first=true] b').first().textContent();
  await expect.poll(() => servedBy('talk-17')).toBe(first);

  isDown.add(first ?? '');
  const other = await servedBy('talk-17');
  expect(other).not.toBe(first);
  isDown.clear();
  expect(await servedBy('talk-17')).toBe(other); // it stays with the backup

  let id = '';
  await expect
    .poll(async () => {
      const { calls = [] } = await server.call<{ calls?: { id: string; affinityHeld?: boolean }[] }>(
        'CallService/ListCalls',
      );
      id = calls.find((one) => one.affinityHeld)?.id ?? '';
      return id;
    })
    .not.toBe('');
  await page.goto(`/calls?call=${id}`);
  const call = page.getByRole('dialog');
  await expect(call.getByText('Conversation identified by')).toBeVisible();
  await expect(call.getByText('Session header')).toBeVisible();
  await expect(call.getByText('Kept where a failover had moved it')).toBeVisible();
  expect(await violations(page)).toEqual([]);
});
