// An alert channel is made, tried on a real receiver, changed and deleted; a receiver that fails is explained.
import { audit, expect, test, useConsole } from './fixture';
import { type Received, useUpstream } from './upstream';

const it = useConsole('demo');
const came: Received[] = [];
let status = 200;
const receiver = useUpstream((message) => {
  came.push(message);
  return { status };
});

test('a channel is tried before it is made; what is missing is said at its field', async () => {
  const { page } = it;
  await page.goto('/alerts');
  await page.getByRole('button', { name: 'New channel' }).click();
  await page.getByLabel('Name').fill('ops');
  await page.getByRole('textbox', { name: 'URL' }).fill(`${receiver.url}/hook`);
  await page.getByRole('button', { name: 'Create channel' }).click();
  await expect(page.getByText('Is required: none is stored')).toBeVisible();
  await page.getByRole('button', { name: 'Generate a secret' }).click();
  await expect(page.getByLabel('Signing secret')).toHaveValue(/^whsec_/);
  status = 500;
  await page.getByRole('button', { name: 'Send a test' }).click();
  await expect(page.getByText('it answered 500')).toBeVisible();
  status = 200;
  await page.getByRole('button', { name: 'Send a test' }).click();
  await expect(page.getByText(/^Accepted after/)).toBeVisible();
  expect(came).toHaveLength(2);
  expect(came[1]?.headers['webhook-signature']).toMatch(/^v1,/);
  expect(came[1]?.body).toMatchObject({ type: 'test', channel: 'ops', alerts: [] });
  expect(await audit(page, 'an alert channel being made')).toEqual([]);
  await page.getByRole('button', { name: 'Create channel' }).click();
  await expect(page.getByText('ops created.')).toBeVisible();
  await expect(page.getByRole('row', { name: /ops/ })).toContainText('All');
});

test('a stored channel keeps its secret; a test of it is in the list of sent messages', async () => {
  const { page } = it;
  await page.goto('/alerts?tab=channels&channel=ops');
  await expect(page.getByText('••••')).toBeVisible();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await expect(page.getByText(/^Accepted after/)).toBeVisible();
  await page.getByLabel('Node lost').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('ops saved.')).toBeVisible();
  await expect(page.getByRole('row', { name: /ops/ })).toContainText('Node lost');
});

test('a channel is deleted', async () => {
  const { page } = it;
  await page.goto('/alerts?tab=channels&channel=ops');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'Delete ops?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('ops deleted.')).toBeVisible();
  await expect(page.getByText('Nobody is notified yet')).toBeVisible();
});
