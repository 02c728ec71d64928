import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { ClientSetupPlace, ClientSetupQuoting } from '@/gen/trunkline/admin/v1/client_setup_pb';
import { ApiKeySchema, ApiKeyState } from '@/gen/trunkline/admin/v1/key_pb';
import { refusal } from '@/test/refusal';
import { renderApp } from '@/test/renderApp';
import { draftOf, messageOf } from './draft';
import { lookOf } from './key';

const DAY = 86_400_000;
const at = (ms: number) => timestampFromMs(Date.now() + ms);
const app = {
  name: 'app',
  etag: '9',
  prefix: 'sk-tl-Qm4x',
  lastFour: 't8Wd',
  state: ApiKeyState.ACTIVE,
  groups: ['a', 'b', 'c', 'd', 'e'],
  budget: { amount: '50', period: 'month' },
  usage: { lastUsedTime: at(-60_000), spent: '45.5', budgetResetTime: at(9 * DAY) },
};
const groups = { listGroups: () => ({ groups: [{ name: 'a' }, { name: 'b' }] }) };

test.each([
  [ApiKeyState.ACTIVE, undefined, 'keys.active'],
  [ApiKeyState.ACTIVE, 8 * DAY, 'keys.active'],
  [ApiKeyState.ACTIVE, 7 * DAY, 'keys.expiring'],
  [ApiKeyState.EXPIRED, -DAY, 'keys.expired'],
  [ApiKeyState.DISABLED, DAY, 'keys.disabled'],
  [ApiKeyState.REVOKED, DAY, 'keys.revoked'],
])('in state %s, expiring in %s ms, it is called %s', (state, expires, word) => {
  const expireTime = expires === undefined ? undefined : timestampFromMs(1_000 * DAY + expires);
  expect(lookOf(create(ApiKeySchema, { state, expireTime }), 1_000 * DAY).word).toBe(word);
});

test('a form that nobody touched says what is stored, to the second', () => {
  const stored = create(ApiKeySchema, {
    ...app,
    enabled: true,
    expireTime: timestampFromMs(1_790_000_012_345),
    limits: { requestsPerMinute: 60n },
    allowedIps: ['10.0.0.0/8'],
    owner: 'search',
    tags: ['prod'],
  });
  const sent = create(ApiKeySchema, messageOf(draftOf(stored), stored));
  for (const field of ['groups', 'expireTime', 'limits', 'budget', 'allowedIps', 'owner', 'tags', 'enabled'] as const) {
    expect(sent[field]).toEqual(stored[field]);
  }
});

test('lists keys with what is known of them, searched and sorted by the server', async () => {
  const listApiKeys = vi.fn((_req: object) => ({
    apiKeys: [app, { name: 'loose', state: ApiKeyState.REVOKED }],
    totalSize: 100_000,
  }));
  renderApp('/keys?q=ap&state=active&order=expire_time desc', { keys: { listApiKeys } });
  const row = within(await screen.findByRole('row', { name: /app/ }));
  expect(row.getByText('sk-tl-Qm4x…t8Wd')).toBeVisible();
  expect(row.getByText('$45.50 of $50.00 a month')).toBeVisible();
  expect(row.getByText('+2 more')).toHaveAttribute('title', 'd, e');
  expect(screen.getByText('100,000 keys')).toBeVisible();
  expect(within(screen.getByRole('row', { name: /loose/ })).getByText('Revoked')).toBeVisible();
  expect(listApiKeys.mock.calls[0]?.[0]).toMatchObject({
    search: 'ap',
    state: ApiKeyState.ACTIVE,
    orderBy: 'expire_time desc',
  });
});

test('keys come by the page, and one says when its budget begins again and when it was used', async () => {
  const tokens: string[] = [];
  const listApiKeys = ({ pageToken }: { pageToken: string }) => {
    tokens.push(pageToken);
    return pageToken === ''
      ? { apiKeys: [app], nextPageToken: 'p2', totalSize: 100_000 }
      : { apiKeys: [{ name: 'later' }], totalSize: 100_000 };
  };
  const { router } = renderApp('/keys', { keys: { listApiKeys, getApiKey: () => ({ apiKey: app }) }, groups });
  await userEvent.click(await screen.findByRole('button', { name: /^Show more/ }));
  expect(await screen.findByText('later')).toBeVisible();
  expect(tokens).toEqual(['', 'p2']);
  await router.navigate({ to: '/keys', search: { key: 'app' } });
  const panel = within(await screen.findByRole('dialog', { name: /app/ }));
  expect(await panel.findByText(/^Resets/)).toBeVisible();
  expect(panel.getByText('1 minute ago')).toBeVisible();
});

test('a new key is shown once, in client setups that the control plane made without it', async () => {
  const createApiKey = vi.fn((_req: object) => ({ apiKey: { name: 'app', groups: ['a'] }, secret: 'sk-tl-canary' }));
  const listClientSetups = vi.fn((_req: object) => ({
    clientSetups: [
      {
        client: 'codex',
        title: 'Codex',
        docsUrl: 'https://docs.example',
        blocks: [
          { place: ClientSetupPlace.FILE, path: '~/.codex/config.toml', parts: ['model = "a"'] },
          { place: ClientSetupPlace.SHELL, parts: ["export K='", "'"], keyQuoting: ClientSetupQuoting.SHELL },
        ],
      },
    ],
  }));
  renderApp('/keys?new=true', { keys: { createApiKey }, groups, clients: { listClientSetups } });
  await userEvent.type(await screen.findByLabelText(/^Name/), 'app');
  await userEvent.type(screen.getByLabelText('Requests per minute'), '600');
  await userEvent.type(screen.getByLabelText('Budget'), '12.5');
  await userEvent.click(screen.getByRole('button', { name: 'Create key' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Your new API key' }));
  expect(dialog.getByText('sk-tl-canary')).toBeVisible();
  expect(await dialog.findByRole('tab', { name: 'Codex' })).toBeVisible();
  expect(dialog.getByText('~/.codex/config.toml')).toBeVisible();
  expect(dialog.getByText("export K='sk-tl-canary'")).toBeVisible();
  expect(listClientSetups.mock.calls[0]?.[0]).toMatchObject({
    group: 'a',
    apiKey: 'app',
    gatewayUrl: window.location.origin,
  });
  expect(createApiKey.mock.calls[0]?.[0]).toMatchObject({
    apiKey: { name: 'app', limits: { requestsPerMinute: 600n }, budget: { amount: '12.5', period: 'month' } },
  });
  await userEvent.click(dialog.getByLabelText('I have stored it'));
  await userEvent.click(dialog.getByRole('button', { name: 'Done' }));
  expect(screen.queryByText('sk-tl-canary')).toBeNull();
});

test('a key without a name is refused at its field, by the server and not by the browser', async () => {
  const createApiKey = vi.fn(() => {
    throw refusal({ 'api_key.name': 'value is required' });
  });
  renderApp('/keys?new=true', { keys: { createApiKey }, groups });
  await userEvent.click(await screen.findByRole('button', { name: 'Create key' }));
  expect(await screen.findByText('Value is required')).toBeVisible();
  expect(screen.getByRole('textbox', { name: /^Name/ })).toHaveFocus();
});

const open = (keys: object) =>
  renderApp('/keys?key=app', { keys: { getApiKey: () => ({ apiKey: app }), ...keys }, groups });

test('disabling changes that field only', async () => {
  const updateApiKey = vi.fn((_req: object) => ({}));
  open({ updateApiKey });
  await userEvent.click(await screen.findByRole('button', { name: 'Disable' }));
  expect(await screen.findByText('app disabled.')).toBeInTheDocument();
  expect(updateApiKey.mock.calls[0]?.[0]).toMatchObject({
    apiKey: { name: 'app', etag: '9', enabled: false },
    updateMask: { paths: ['enabled'] },
  });
});

test('a rotation shows the new secret once and says how long the old one works', async () => {
  const rotateApiKey = vi.fn((_req: object) => ({ apiKey: app, secret: 'sk-tl-fresh' }));
  open({ rotateApiKey });
  await userEvent.click(await screen.findByRole('button', { name: 'Rotate' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Rotate the secret of app' }));
  await userEvent.click(dialog.getByRole('button', { name: 'Rotate' }));
  expect(await screen.findByText('sk-tl-fresh')).toBeVisible();
  expect(rotateApiKey.mock.calls[0]?.[0]).toMatchObject({ name: 'app', overlap: { seconds: 86_400n } });
});

test('a revocation asks for the name, and gives a receipt', async () => {
  const revokeApiKey = vi.fn((_req: object) => ({
    receipt: { confirmed: ['node-1'], unconfirmed: [{ name: 'node-2', reason: 'is not connected' }] },
  }));
  open({ revokeApiKey });
  await userEvent.click(await screen.findByRole('button', { name: 'Revoke' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Revoke app' }));
  expect(dialog.getByRole('button', { name: 'Revoke' })).toBeDisabled();
  await userEvent.type(dialog.getByLabelText('Type app to confirm'), 'app');
  await userEvent.click(dialog.getByRole('button', { name: 'Revoke' }));
  expect(await dialog.findByText('1 node refuses the key, now and after a restart.')).toBeVisible();
  expect(dialog.getByText(/is not connected/)).toBeVisible();
});

test.each([
  ['works', {}, 1],
  ['is not said to work any more', { state: ApiKeyState.REVOKED, revokeTime: at(0) }, 0],
])('the previous secret %s', async (_, state, times) => {
  const rotated = { ...app, oldLastFour: '0old', oldSecretExpireTime: at(DAY), ...state };
  open({ getApiKey: () => ({ apiKey: rotated }) });
  expect(await screen.findByRole('button', { name: times ? 'Revoke' : 'Check nodes' })).toBeVisible();
  expect(screen.queryAllByText(/0old, works until/)).toHaveLength(times);
});

/** A control plane on which someone else gave the key an owner meanwhile. */
function changedByOthers() {
  let stored: object = { ...app, etag: '9', owner: 'search' };
  const updateApiKey = vi.fn((req: { apiKey?: { etag: string } }) => {
    if (req.apiKey?.etag === '10') return {};
    stored = { ...app, etag: '10', owner: 'billing' };
    throw new ConnectError('changed', Code.Aborted);
  });
  renderApp('/keys?key=app', {
    keys: { listApiKeys: () => ({ apiKeys: [app] }), getApiKey: () => ({ apiKey: stored }), updateApiKey },
    groups,
  });
  return updateApiKey;
}

async function saveTags() {
  await userEvent.type(await screen.findByLabelText('Tags', { selector: 'input:not([type=hidden])' }), 'prod,');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  return within(await screen.findByRole('alert'));
}

test('when someone else changed the key first both changes are shown, and mine can be saved over theirs', async () => {
  const updateApiKey = changedByOthers();
  const conflict = await saveTags();
  expect(conflict.getByText('billing')).toBeVisible();
  expect(conflict.getByText('prod')).toBeVisible();
  await userEvent.click(conflict.getByRole('button', { name: 'Overwrite with mine' }));
  expect(await screen.findByText('app saved.')).toBeInTheDocument();
  const sent = updateApiKey.mock.calls[1]?.[0] as { updateMask?: { paths: string[] } };
  expect(sent).toMatchObject({ apiKey: { etag: '10', owner: 'search', tags: ['prod'] } });
  expect(sent.updateMask?.paths).not.toContain('enabled');
});

test('or theirs is taken, and mine is gone', async () => {
  changedByOthers();
  const conflict = await saveTags();
  await userEvent.click(conflict.getByRole('button', { name: 'Keep theirs, discard mine' }));
  await waitFor(() => expect(screen.getByLabelText('Owner')).toHaveValue('billing'));
  expect(screen.queryByRole('button', { name: 'Save' })).not.toBeInTheDocument();
});
