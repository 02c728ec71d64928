// The master key is rotated in the settings, and a provider's own way is refused where it is wrong.
import { audit, expect, settled, test, useConsole } from './fixture';

const KEYS = [1, 2].map((n) => Buffer.alloc(32, n).toString('base64')).join(',');
const it = useConsole('demo', { env: { TRUNKLINE_SECRET_KEY: KEYS } });

type Keys = { masterKeys: { id: string; inUse?: boolean; secretCount?: number }[]; pendingCount?: number };

test('another master key is put in use, and every secret follows', async () => {
  const { page, server } = it;
  const before = await server.call<Keys>('MasterKeyService/ListMasterKeys');
  const next = before.masterKeys.find((key) => !key.inUse)?.id ?? '';
  await page.goto('/settings?section=keys');
  const row = page.getByRole('row', { name: new RegExp(next) });
  await expect(row.getByText('Not used')).toBeVisible();
  await settled(page);
  expect(await audit(page, 'security keys')).toEqual([]);
  await row.getByRole('button', { name: 'Use this key' }).click();
  const question = page.getByRole('dialog', { name: `Use master key ${next}?` });
  await question.getByRole('button', { name: 'Use this key' }).click();
  await expect(page.getByText(`Master key ${next} is in use.`)).toBeVisible();
  await expect(row.getByText('In use')).toBeVisible();
  await expect(page.getByText(/^All secrets are sealed under the key in use/)).toBeVisible();
  const after = await server.call<Keys>('MasterKeyService/ListMasterKeys');
  expect(after.masterKeys[0]).toMatchObject({ id: next, inUse: true });
  expect(after.pendingCount ?? 0).toBe(0);
  expect(await it.server.chat('chat-default')).toBe(200);
});

test('a proxy that is none is refused at its field, and another one asks for the key again', async () => {
  const { page, server } = it;
  await page.goto('/providers?provider=azure-east-us-2&tab=settings');
  const proxy = page.getByRole('textbox', { name: 'Proxy', exact: true });
  await proxy.fill('ftp://proxy.example');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText(/must start with http:/i).first()).toBeVisible();
  expect(await audit(page, 'a proxy that is refused')).toEqual([]);
  // One that is good could read what is sent, so the key must be given again.
  await proxy.fill('http://proxy.example:3128');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText(/must be given again, because the proxy is another one/i).first()).toBeVisible();
  await proxy.fill('');
  const authorities = page.getByRole('textbox', { name: 'Certificate authorities' });
  await authorities.fill('nonsense');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText(/it is not one or more PEM certificates/i).first()).toBeVisible();
  const stored = await server.call<{ provider: { proxy?: object } }>('ProviderService/GetProvider', {
    name: 'azure-east-us-2',
  });
  expect(stored.provider.proxy).toBeUndefined();
});
