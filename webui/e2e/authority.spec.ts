// The key of the nodes' authority is replaced in the settings. The all-in-one that the other specs run has no
// authority, so here the answers about it are those of a control plane with two nodes.
import type { Route } from '@playwright/test';
import { expect, inspect, test, useConsole, violations } from './fixture';

const it = useConsole('empty');
const KEY = { fingerprint: '3f9a1c7d20b4e856', role: 'AUTHORITY_KEY_ROLE_SIGNING', since: '2026-09-01T00:00:00Z' };
const NEXT = { fingerprint: 'b07e55d1c2f83a94', role: 'AUTHORITY_KEY_ROLE_NEXT', since: '2026-11-01T00:00:00Z' };
let keys = [KEY];
let waitingNodes: string[] = [];
let sent: { method: string; body: unknown }[] = [];
let refusal = '';

test.beforeAll(async () => {
  await it.page.route('**/trunkline.admin.v1.AuthorityKeyService/*', async (route: Route) => {
    const method = new URL(route.request().url()).pathname.split('/').pop() ?? '';
    if (method !== 'ListAuthorityKeys') {
      sent.push({ method, body: route.request().postDataJSON() });
      if (refusal) return route.fulfill({ status: 400, json: { code: 'failed_precondition', message: refusal } });
      if (method === 'RotateAuthorityKey')
        [keys, waitingNodes] = [
          [KEY, NEXT],
          ['node-7', 'node-9'],
        ];
      if (method === 'CancelAuthorityKey') [keys, waitingNodes] = [[KEY], []];
      if (method === 'AdvanceAuthorityKey')
        [keys, waitingNodes] = [
          [
            { ...NEXT, role: KEY.role },
            { ...KEY, role: 'AUTHORITY_KEY_ROLE_RETIRED' },
          ],
          [],
        ];
    }
    return route.fulfill({ json: { authorityKeys: keys, waitingNodes } });
  });
});

test('the key is replaced, given up, replaced again and advanced without nodes that are away', async () => {
  const { page } = it;
  await page.goto('/settings?section=keys');
  const row = (fingerprint: string) => page.getByRole('row', { name: new RegExp(fingerprint) });
  const confirm = (title: string, button: string) =>
    page.getByRole('dialog', { name: title }).getByRole('button', { name: button }).click();
  await expect(row(KEY.fingerprint).getByText('Signs')).toBeVisible();
  await page.getByRole('button', { name: 'Replace the key' }).click();
  await confirm('Replace the key of the authority?', 'Replace the key');
  await expect(row(NEXT.fingerprint).getByText('Being distributed')).toBeVisible();
  await expect(page.getByText('Waiting for 2 nodes: node-7 and node-9.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Replace the key' })).toHaveCount(0);

  await page.getByRole('button', { name: 'Discard the new key' }).click();
  await confirm('Discard the new key?', 'Discard the new key');
  await expect(row(NEXT.fingerprint)).toHaveCount(0);
  await expect(page.getByText('The new key is discarded.')).toBeVisible();

  await page.getByRole('button', { name: 'Replace the key' }).click();
  await confirm('Replace the key of the authority?', 'Replace the key');
  await page.getByRole('button', { name: 'Continue without them' }).click();
  await expect(page.getByText('They have to join again with a new token: node-7 and node-9.')).toBeVisible();
  await confirm('Continue without these nodes?', 'Continue without them');
  await expect(row(NEXT.fingerprint).getByText('Signs')).toBeVisible();
  await expect(row(KEY.fingerprint).getByText('Being retired')).toBeVisible();
  await expect(page.getByText('Every node is ready; the next step starts within seconds.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Discard the new key' })).toHaveCount(0); // it has signed
  expect(sent.map((one) => one.method)).toEqual([
    'RotateAuthorityKey',
    'CancelAuthorityKey',
    'RotateAuthorityKey',
    'AdvanceAuthorityKey',
  ]);
  expect(sent.at(-1)?.body).toEqual({ withoutNodes: ['node-7', 'node-9'] });
});

test('what the server refuses is said where it was asked', async () => {
  const { page } = it;
  [keys, waitingNodes, sent] = [[KEY], [], []];
  refusal = 'another replica is replacing it';
  await page.goto('/settings?section=keys');
  await page.getByRole('button', { name: 'Replace the key' }).click();
  const dialog = page.getByRole('dialog', { name: 'Replace the key of the authority?' });
  await dialog.getByRole('button', { name: 'Replace the key' }).click();
  await expect(dialog.getByText(/another replica is replacing it/)).toBeVisible();
  refusal = '';
});

test('in every language and theme it is accessible and fits a phone', async () => {
  const { page } = it;
  [keys, waitingNodes] = [
    [KEY, NEXT],
    ['node-7', 'node-9'],
  ];
  const found = await inspect(page, ['/settings?section=keys'], () =>
    expect(page.getByText(NEXT.fingerprint)).toBeVisible(),
  );
  expect(found).toEqual([]);
  expect(await violations(page)).toEqual([]);
});
