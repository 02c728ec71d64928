// A credential that is a token of an OAuth server, on a real Trunkline: made, refused, corrected, used, and shown when no
// token is got.
import { audit, expect, test, tooWide, useConsole, violations } from './fixture';
import { useUpstream } from './upstream';

const it = useConsole('empty');
const SECRET = 'client-secret-of-the-console-test-0815';
let isDown = false;
const sent: (string | undefined)[] = [];
const tokens = useUpstream(() =>
  isDown ? { status: 401, json: { error: 'invalid_client' } } : { json: { access_token: 'a-token', expires_in: 3600 } },
);
const upstream = useUpstream(({ headers }) => {
  sent.push(headers.authorization);
  return { json: { data: [{ id: 'm' }] } };
});

test('a credential of OAuth: a field that is refused, corrected, tested, and an outage with its reason', async () => {
  const { page } = it;
  await page.goto('/providers?new=custom');
  await page.getByLabel('Name', { exact: true }).first().fill('cloud');
  await page.getByLabel('Base URL').fill(`${upstream.url}/v1`);
  const credential = page.getByRole('group', { name: 'main' });
  const choose = async (label: string, option: string) => {
    await credential.getByRole('combobox', { name: label }).click();
    await page.getByRole('option', { name: option }).click();
  };
  await choose('Kind', 'AWS signature (SigV4)');
  await choose('Comes from', 'Role of the EC2 instance');
  await expect(credential.getByText(/--allow-instance-identity/)).toBeVisible();
  await expect(credential.getByLabel('Secret access key')).toHaveCount(0);
  expect(await audit(page, 'a credential of AWS')).toEqual([]);

  await choose('Kind', 'OAuth client credentials');
  await credential.getByLabel('Token URL').fill('not a url');
  await credential.getByLabel('Client ID').fill('trunkline');
  await credential.getByLabel('Client secret', { exact: true }).fill(SECRET);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(
    credential.getByText('must be a URL that begins with https:// or http:// and names a host'),
  ).toBeVisible();
  await credential.getByLabel('Token URL').fill(`${tokens.url}/token`);
  await page.getByRole('button', { name: 'Test connection' }).click();
  const steps = page.getByRole('list', { name: 'Test connection' });
  await expect(steps.getByText(/a token, valid until/)).toBeVisible();
  await expect(steps.getByText('lists 1 model')).toBeVisible();
  expect(sent.at(-1)).toBe('Bearer a-token');
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await tooWide(page)).toBe(0);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'cloud' })).toBeVisible();
  await expect(page.getByText('OAuth client credentials')).toBeVisible();

  isDown = true;
  await page.goto('/providers?provider=cloud&tab=settings');
  await expect(credential.getByLabel('Token URL')).toHaveValue(`${tokens.url}/token`);
  await credential.getByLabel('Scope').fill('other');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.goto('/providers?provider=cloud');
  await expect(page.getByText('the token endpoint refuses the credential (401 invalid_client)').first()).toBeVisible();
  expect(await audit(page, 'a credential without a token')).toEqual([]);
  expect(await page.content()).not.toContain(SECRET);
  expect(await violations(page)).toEqual([]);
});
