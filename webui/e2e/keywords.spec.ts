// A failure keyword is tried, made, and moves the next call on.
import { audit, expect, test, useConsole } from './fixture';

const it = useConsole('demo');
const KEY = 'sk-keywords-spec-0123456789';

/** A group whose first member answers that it is busy. */
test.beforeAll(async () => {
  await it.server.call('ProviderService/CreateProvider', {
    provider: { name: 'overrun', dialect: 'fake', models: [{ id: 'keyword-server_is_busy@m', alias: 'm' }] },
  });
  const members = [
    { provider: 'overrun', model: 'm', priority: 1 },
    { provider: 'openai-direct', model: 'gpt-5.2', priority: 2 },
  ];
  await it.server.call('GroupService/CreateGroup', { group: { name: 'rush', members } });
  await it.server.call('KeyService/CreateApiKey', { apiKey: { name: 'rusher', groups: ['rush'], secret: KEY } });
});
const servedBy = async () => {
  const answer = await fetch(`${it.server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ model: 'rush', messages: [{ role: 'user', content: 'Hello' }] }),
  });
  await answer.text();
  return answer.headers.get('x-trunkline-provider');
};

test('a keyword is tried on stored calls and made; a bad pattern is explained at its field', async () => {
  const { page } = it;
  await expect.poll(servedBy).toBe('overrun');
  await page.goto('/keywords?new=true');
  await page.getByLabel('Name').fill('odd');
  await page.getByRole('button', { name: 'Pattern (RE2)' }).click();
  await page.getByRole('textbox', { name: 'Pattern' }).fill('(unclosed');
  await page.getByRole('button', { name: 'Create keyword' }).click();
  await expect(page.getByRole('textbox', { name: 'Pattern' })).toHaveAttribute('aria-invalid', 'true');
  await page.getByRole('textbox', { name: 'Pattern' }).fill('(?i)server is (very )?busy');
  await page.getByLabel('Sample').fill('Sorry, the SERVER IS BUSY.');
  await page.getByRole('button', { name: 'Dry run' }).click();
  await expect(page.getByText('The sample matches')).toBeVisible();
  expect(await audit(page, 'a keyword being made')).toEqual([]);
  await page.getByRole('button', { name: 'Create keyword' }).click();
  await expect(page.getByText('odd created.')).toBeVisible();
  await expect.poll(servedBy).toBe('openai-direct');
  await expect(page.getByRole('row', { name: /odd/ })).toBeVisible();
});

test('a stored keyword is switched off and deleted', async () => {
  const { page } = it;
  await page.goto('/keywords?keyword=odd');
  await page.getByLabel('Enabled').uncheck();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('odd saved.')).toBeVisible();
  await expect(page.getByRole('row', { name: /odd/ })).toContainText('Off');
  await page.goto('/keywords?keyword=odd');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'Delete odd?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('odd deleted.')).toBeVisible();
});
