// The dashboard on a real Trunkline: an empty one until its first call, one with traffic, and one that breaks.
import { audit, expect, failing, inspect, settled, soon, test, useConsole, violations } from './fixture';

const card = (page: import('@playwright/test').Page, title: string) =>
  page.locator('section').filter({ has: page.getByRole('heading', { level: 2, name: title, exact: true }) });

test.describe('with traffic', () => {
  const it = useConsole('demo', { seedDays: 8 });
  let calls = 0;

  test.beforeAll(async () => {
    for (const model of ['chat-default', 'reasoning-large', 'fast-cheap']) {
      for (let i = 0; i < 6; i++) await it.server.chat(model, { stream: i % 2 === 0 });
    }
    await expect
      .poll(async () => {
        const start = new Date(Date.now() - 3_600_000).toISOString();
        const sum = await it.server.call<{ total?: { calls?: string } }>('UsageService/SummarizeUsage', {
          filter: { startTime: start, endTime: new Date(Date.now() + 60_000).toISOString() },
        });
        calls = Number(sum.total?.calls ?? 0);
        return calls;
      })
      .toBeGreaterThanOrEqual(18);
  });

  test('every card has its figures, the page asks little, and breaks no policy', async () => {
    const { page } = it;
    const asked: { method: string; url: URL; bytes: Promise<number> }[] = [];
    page.on('requestfinished', (request) => {
      const url = new URL(request.url());
      if (!url.pathname.includes('trunkline.admin.v1')) return;
      const bytes = request.sizes().then((sizes) => sizes.responseBodySize + sizes.responseHeadersSize);
      asked.push({ method: url.pathname.split('/').pop() ?? '', url, bytes });
    });
    await page.goto('/?range=7d');
    await settled(page);
    for (const title of [
      'Traffic by outcome',
      'Daily traffic',
      'Daily cost',
      'Response time',
      'Average response time',
    ]) {
      await expect(card(page, title).locator('.recharts-surface').first()).toBeVisible();
    }
    await expect(
      card(page, 'Model distribution').getByRole('row').filter({ hasText: 'gpt-5.2' }).first(),
    ).toBeVisible();
    await expect(card(page, 'Why requests failed over').getByText('Rate limited')).toBeVisible();
    await expect(card(page, 'Success rate by provider').getByRole('row').filter({ hasText: 'deepseek' })).toContainText(
      '%',
    );
    await expect(card(page, 'Provider health').getByRole('link', { name: 'openai-direct' })).toBeVisible();
    await expect(page.getByRole('region', { name: 'Nodes' })).toContainText('1 of 1 up to date');
    page.removeAllListeners('requestfinished');

    const polled = ['WhoAmI', 'ListNodes', 'ListCalls', 'ListAlerts', 'GetStartupApply'];
    const own = asked.filter(({ method }) => !polled.includes(method));
    expect(own.length).toBeLessThanOrEqual(8);
    const bytes = (await Promise.all(own.map((one) => one.bytes))).reduce((sum, n) => sum + n, 0);
    console.log(`a refresh of 7 days: ${own.length} requests, ${bytes} bytes`);
    expect(bytes).toBeLessThan(200_000);
    expect(await violations(page)).toEqual([]);
  });

  test('range and filters are in the address, and a figure leads to its calls', async () => {
    const { page } = it;
    await page.goto('/');
    await page.getByRole('button', { name: '1h' }).click();
    await expect(page).toHaveURL(/\?range=1h$/);
    await expect(page.getByText('Requests per minute, last hour')).toBeVisible();
    await page.getByRole('combobox', { name: 'All groups' }).fill('fast');
    await page.getByRole('option', { name: 'fast-cheap' }).click();
    await expect(page).toHaveURL(/group=fast-cheap/);
    await page.getByRole('combobox', { name: 'All API keys' }).click();
    await page.getByRole('option', { name: 'support-bot' }).click();
    await expect(page).toHaveURL(/key=support-bot/);
    await expect(card(page, 'Success rate by provider')).toContainText('all API keys');
    await page.reload();
    await expect(page.getByRole('combobox', { name: 'All groups' })).toHaveValue('fast-cheap');
    await page.getByRole('link', { name: /Requests/ }).click();
    await expect(page).toHaveURL(/\/calls\?.*from=\d+.*to=\d+/);
    await expect(page).toHaveURL(/group=fast-cheap/);
    await expect(page).toHaveURL(/key=support-bot/);
    await page.goBack();
    await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();
    await expect(page).toHaveURL(/range=1h/);
  });

  test('a new call shows by itself', async () => {
    const { page } = it;
    await page.goto('/?range=1h&group=fast-cheap');
    const requests = page.getByRole('link', { name: /^Requests/ });
    const before = await requests.locator('b').textContent();
    for (let i = 0; i < 3; i++) await it.server.chat('fast-cheap');
    await soon(page, (patience) => expect(requests.locator('b')).not.toHaveText(before ?? '', patience));
  });

  test('one question that fails takes nothing else down, and a click asks it again', async () => {
    const { page } = it;
    const repair = await failing(page, 'broken', 'UsageService/BreakDownUsage');
    await page.goto('/');
    const models = card(page, 'Model distribution');
    await expect(models.getByRole('alert')).toContainText('r-77');
    await expect(card(page, 'Traffic by outcome').locator('.recharts-surface')).toBeVisible();
    expect(await audit(page, 'a broken card')).toEqual([]);
    await repair();
    await models.getByRole('button', { name: 'Try again' }).click();
    await expect(models.getByRole('table')).toBeVisible();
  });

  test('axe finds nothing in four languages and two themes, and a phone is wide enough', async () => {
    const { page } = it;
    expect(await inspect(page, ['/?range=7d'])).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto('/?range=7d');
    const rows = card(page, 'Model distribution').getByRole('row');
    await expect(rows.nth(1)).toBeVisible();
    const heights = await rows.evaluateAll((all) => all.slice(1).map((row) => row.clientHeight));
    expect(new Set(heights).size, 'every name is on one line').toBe(1);
  });
});

test.describe('empty', () => {
  const it = useConsole('empty');

  test('the checklist ticks itself off until the first call', async () => {
    const { page, server } = it;
    await page.goto('/');
    const step = page.locator('li[aria-current=step]');
    await expect(step).toContainText('Add a provider');
    expect(await audit(page, 'the checklist')).toEqual([]);
    await server.call('ProviderService/CreateProvider', {
      provider: { name: 'mine', dialect: 'fake', models: [{ id: 'ok' }] },
    });
    await soon(page, (patience) => expect(step).toContainText('Create a group', patience));
    await server.call('GroupService/CreateGroup', {
      group: { name: 'chat', members: [{ provider: 'mine', model: 'ok' }] },
    });
    await soon(page, (patience) => expect(step).toContainText('Create an API key', patience));
    const { secret } = await server.call<{ secret: string }>('KeyService/CreateApiKey', {
      apiKey: { name: 'app', groups: ['chat'] },
    });
    await soon(page, (patience) => expect(step).toContainText('Send the first call', patience));
    await expect(step.getByRole('link')).toHaveAttribute('href', /playground\?group=chat/);
    await expect.poll(() => server.chat('chat', { key: secret })).toBe(200); // once the node has it
    const traffic = page.getByRole('heading', { level: 2, name: 'Traffic by outcome' });
    await soon(page, (patience) => expect(traffic).toBeVisible(patience));
  });
});
