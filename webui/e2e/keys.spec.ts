// The life of an API key on a real Trunkline: made, used, limited, rotated, revoked.
import { audit, expect, settled, test, useConsole, violations } from './fixture';

const it = useConsole('demo');
const GROUP = 'chat-default';

/** The secret that the dialog shows once; storing it closes the dialog. */
async function takeSecret(): Promise<string> {
  const { page } = it;
  const dialog = page.getByRole('dialog');
  const secret = (await dialog.locator('code').first().textContent()) ?? '';
  await dialog.getByLabel('I have stored it').check();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText(secret)).toBeHidden();
  return secret;
}

test('a key is made, works, is limited, rotated and revoked', async () => {
  test.setTimeout(120_000);
  const { page, server } = it;
  await page.goto('/keys?new=true');
  await page.getByLabel('Name').fill('robot');
  await page.getByRole('dialog').getByLabel('Groups').fill(GROUP);
  await page.getByRole('option', { name: GROUP, exact: true }).click();
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByRole('dialog', { name: 'Your new API key' })).toBeVisible();
  expect(await audit(page, 'a new key')).toEqual([]);
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('tab', { name: 'Codex' }).click();
  await expect(dialog.getByText(`base_url = "${server.url}/v1"`)).toBeVisible();
  await expect(dialog.getByText(/^export TRUNKLINE_KEY='sk-tl-\w+'\s+codex/)).toBeVisible();
  await dialog.getByRole('tab', { name: 'Claude Code' }).click();
  await expect(
    dialog.getByText(new RegExp(`^unset .*ANTHROPIC_AUTH_TOKEN='sk-tl-\\w+'.*_MODEL='${GROUP}'`, 's')),
  ).toBeVisible();
  const first = await takeSecret();
  await expect.poll(() => server.chat(GROUP, { key: first })).toBe(200);

  // One request a minute, of which one was made a moment ago.
  await page.goto('/keys?key=robot');
  await page.getByLabel('Requests per minute').fill('1');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('robot saved.')).toBeVisible();
  await expect.poll(() => server.chat(GROUP, { key: first })).toBe(429);

  await page.goto('/keys?key=robot');
  await page.getByLabel('Requests per minute').fill('');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('robot saved.')).toBeVisible();
  await page.goto('/keys?key=robot');
  await page.getByRole('button', { name: 'Rotate' }).click();
  await page
    .getByRole('dialog', { name: 'Rotate the secret of robot' })
    .getByRole('button', { name: 'Rotate' })
    .click();
  await expect(page.getByRole('dialog', { name: 'The new secret' })).toBeVisible();
  const second = await takeSecret();
  expect(second).not.toBe(first);
  await expect.poll(() => server.chat(GROUP, { key: second })).toBe(200);
  expect(await server.chat(GROUP, { key: first })).toBe(200); // for a day

  await page.goto('/keys?key=robot');
  await page.getByRole('button', { name: 'Revoke' }).click();
  const revoke = page.getByRole('dialog', { name: 'Revoke robot' });
  await revoke.getByLabel('Type robot to confirm').fill('robot');
  await revoke.getByRole('button', { name: 'Revoke' }).click();
  await expect(revoke.getByText('1 node refuses the key, now and after a restart.')).toBeVisible();
  expect(await server.chat(GROUP, { key: first })).toBe(401);
  expect(await server.chat(GROUP, { key: second })).toBe(401);
  expect(await violations(page)).toEqual([]);
});

test('what the server refuses stands at its field', async () => {
  const { page } = it;
  await page.goto('/keys?new=true');
  await page.getByLabel('Name').fill(' no ');
  await page.getByLabel('Budget').fill('1.1234567');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByLabel('Budget')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('dialog', { name: 'New API key' })).toBeVisible();
});

test('the list is searched and filtered by the address', async () => {
  const { page } = it;
  await page.goto('/keys?state=revoked');
  await settled(page);
  await expect(page.getByRole('row', { name: /robot/ })).toBeVisible();
  await page.goto('/keys?state=active&q=robot');
  await expect(page.getByText('Nothing matches the filter')).toBeVisible();
});

test('a group says how clients are set up, and that they would get no answers while it is off', async () => {
  const { page, server } = it;
  const enabled = (on: boolean) =>
    server.call('GroupService/UpdateGroup', { group: { name: GROUP, enabled: on }, updateMask: 'enabled' });
  await page.goto(`/groups?group=${GROUP}`);
  await page.getByRole('tab', { name: 'aider' }).click();
  await expect(page.getByText(`aider --model 'openai/${GROUP}'`)).toBeVisible();
  await expect(page.getByText('The group is disabled: calls to it are refused.')).toBeHidden();
  await enabled(false);
  await page.reload();
  await expect(page.getByText('The group is disabled: calls to it are refused.')).toBeVisible();
  await enabled(true);
});

test('the head of a long list stays on top, and a row is opened from any of its cells', async () => {
  const { page, server } = it;
  for (let n = 0; n < 80; n++) {
    await server.call('KeyService/CreateApiKey', { apiKey: { name: `many-${n}`, groups: [GROUP] } });
  }
  await page.goto('/keys?q=many');
  const table = page.getByRole('region', { name: 'API keys' });
  await expect(table).toHaveAttribute('data-long', 'true');
  const chip = table.getByRole('row').nth(3).getByRole('link', { name: GROUP });
  const onTop = await chip.evaluate((link) => {
    const middle = (element: Element | undefined | null) => {
      const { left, top, width, height } = element?.getBoundingClientRect() ?? new DOMRect();
      return [left + width / 2, top + height / 2] as const;
    };
    // As far as brings it right under the head.
    link.closest('section')?.scrollBy(0, middle(link)[1] - middle(link.closest('table')?.tHead)[1]);
    return document.elementFromPoint(...middle(link))?.closest('th, td')?.tagName;
  });
  expect(onTop).toBe('TH');
  await table.getByText('No budget').last().click();
  await expect(page).toHaveURL(/key=many-/);
});
