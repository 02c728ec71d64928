import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { FailoverPolicySchema, SettingsSchema } from '@/gen/trunkline/admin/v1/settings_pb';
import { renderApp } from '@/test/renderApp';
import { settable } from '@/test/settable';
import { policyDraft, policyMessage } from '@/ui/policy/policy';

const byDefault = {
  failureThreshold: 5,
  failureWindow: { seconds: 60n },
  minRatio: 0.2,
  cooldown: { seconds: 30n },
  cooldownMax: { seconds: 300n },
  maxAttempts: 5,
};
const settings = {
  etag: '4',
  failover: { failureThreshold: 3 },
  defaultFailover: byDefault,
  effectiveFailover: { ...byDefault, failureThreshold: 3 },
  defaultRetention: { calls: { seconds: 2_592_000n } },
};

test('a policy survives the form as it is, and one that sets nothing is none', () => {
  const full = create(FailoverPolicySchema, {
    ...byDefault,
    minRatio: 0,
    connectTimeout: { nanos: 1_500_000 },
    streamTotalTimeout: { seconds: 1800n },
    keywordHold: { seconds: 0n },
    failoverOnContentPolicy: false,
    probeEarly: true,
    retrySameTarget: false,
    retryWait: { seconds: 2n },
    affinityHold: { seconds: 300n },
    hedgeAfter: { seconds: 8n },
    streamCommit: 'complete',
  });
  expect(create(FailoverPolicySchema, policyMessage(policyDraft(full)))).toEqual(full);
  expect(policyMessage(policyDraft(undefined))).toBeUndefined();
});

test('thresholds are restated in a sentence, changed with a mask, and shown before they are saved', async () => {
  const updateSettings = vi.fn((_req: object) => ({}));
  renderApp('/settings', { settings: { getSettings: () => ({ settings }), updateSettings } });
  expect(await screen.findByText(/skipped after 3 failures within 1 min/)).toBeVisible();
  const failures = screen.getByLabelText('Failures');
  await userEvent.clear(failures);
  await userEvent.type(failures, '8');
  expect(screen.getByText(/skipped after 8 failures/)).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: /1 unsaved change/ }));
  expect(screen.getByRole('region', { name: 'Unsaved changes' })).toHaveTextContent(/Failures.*3.*8/);
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('Settings saved.')).toBeInTheDocument();
  expect(updateSettings.mock.calls[0]?.[0]).toMatchObject({
    settings: { etag: '4', failover: { failureThreshold: 8 } },
    updateMask: { paths: ['failover'] },
  });
});

test('when someone else saved first, both are shown and one decides', async () => {
  const updateSettings = vi
    .fn((_req: { settings?: { etag: string } }): object => ({}))
    .mockImplementationOnce(() => {
      throw new ConnectError('stale', Code.Aborted);
    });
  let stored: object = settings;
  const getSettings = () => ({ settings: stored });
  renderApp('/settings', { settings: { getSettings, updateSettings } });
  await userEvent.type(await screen.findByLabelText('Attempts per call'), '2');
  stored = { ...settings, etag: '5', failover: { maxAttempts: 9 } };
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  const alert = await screen.findByText('Someone else changed this while you were editing.');
  const bar = within(alert.closest('section') as HTMLElement);
  expect(bar.getByText('What they changed').parentElement).toHaveTextContent(/Attempts per call.*9/);
  expect(bar.getByText('What you changed').parentElement).toHaveTextContent(/Attempts per call.*2/);
  await userEvent.click(bar.getByRole('button', { name: 'Overwrite with mine' }));
  expect(updateSettings.mock.calls[1]?.[0]?.settings?.etag).toBe('5');
});

test('how long calls are kept is changed without losing how long audit events are', async () => {
  const updateSettings = vi.fn((_req: object) => ({}));
  const stored = { ...settings, retention: { auditEvents: { seconds: 5_184_000n } } };
  renderApp('/settings?section=data', { settings: { getSettings: () => ({ settings: stored }), updateSettings } });
  expect(await screen.findByLabelText('Audit log')).toHaveValue('60');
  await userEvent.type(screen.getByLabelText('Call logs'), '7');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('Settings saved.')).toBeInTheDocument();
  expect(updateSettings.mock.calls[0]?.[0]).toMatchObject({
    settings: { retention: { auditEvents: { seconds: 5_184_000n } } },
    updateMask: { paths: ['retention', 'cors', 'websocket'] },
  });
});

test('the price catalogue says what of its file is in use', async () => {
  const priceCatalogue = { path: '/etc/prices.json', modelCount: 2811, error: 'models["a"] is empty' };
  renderApp('/settings?section=data', {
    settings: { getSettings: () => ({ settings: { ...settings, priceCatalogue } }) },
  });
  expect(await screen.findByText('/etc/prices.json')).toBeVisible();
  expect(screen.getByText('2,811')).toBeVisible();
  expect(screen.getByText(/previous prices stay in use\. Reason: models\["a"\] is empty/)).toBeVisible();
});

test('without a price catalogue it says where prices come from', async () => {
  renderApp('/settings?section=data', { settings: { getSettings: () => ({ settings }) } });
  expect(await screen.findByText(/^No file is configured/)).toBeVisible();
});

test('WebSockets are switched off without losing their limit', async () => {
  const updateSettings = vi.fn((_req: object) => ({}));
  const stored = { ...settings, websocket: { maxConnectionsPerKey: 7 } };
  renderApp('/settings?section=data', { settings: { getSettings: () => ({ settings: stored }), updateSettings } });
  expect(await screen.findByLabelText('Connections per API key')).toHaveValue('7');
  await userEvent.click(screen.getByRole('switch', { name: /Accept WebSockets/ }));
  expect(screen.getByLabelText('Connections per API key')).toBeDisabled();
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('Settings saved.')).toBeInTheDocument();
  expect(updateSettings.mock.calls[0]?.[0]).toMatchObject({
    settings: { websocket: { enabled: false, maxConnectionsPerKey: 7 } },
  });
});

test('a token is shown once, with how to use it', async () => {
  const createToken = vi.fn((_req: object) => ({ token: { name: 'ci' }, secret: 'tl-admin-canary' }));
  renderApp('/settings?section=access', { tokens: { listTokens: () => ({}), createToken } });
  await userEvent.click(await screen.findByRole('button', { name: 'New token' }));
  await userEvent.type(await screen.findByLabelText(/^Name/), 'ci');
  await userEvent.click(screen.getByRole('button', { name: 'Create token' }));
  expect((await screen.findAllByText(/tl-admin-canary/)).length).toBe(2);
  expect(createToken.mock.calls[0]?.[0]).toMatchObject({ token: { name: 'ci', readBodies: false } });
});

test('what someone else saves does not drop what is being typed, and shows where nothing is', async () => {
  let theirs = settings;
  const getSettings = vi.fn(() => ({ settings: theirs }));
  const { queryClient } = renderApp('/settings', { settings: { getSettings, updateSettings: () => ({}) } });
  const save = async (etag: string, failureThreshold: number) => {
    theirs = { ...settings, etag, failover: { failureThreshold } };
    await queryClient.invalidateQueries();
  };
  expect(await screen.findByLabelText('Failures')).toHaveValue('3');
  await save('5', 4);
  await waitFor(() => expect(screen.getByLabelText('Failures')).toHaveValue('4'));
  await userEvent.clear(screen.getByLabelText('Failures'));
  await userEvent.type(screen.getByLabelText('Failures'), '8');
  await save('6', 9);
  expect(getSettings.mock.calls.length).toBeGreaterThan(2);
  expect(screen.getByLabelText('Failures')).toHaveValue('8');
  expect(screen.getByRole('button', { name: /1 unsaved change/ })).toBeVisible();
});

test('changes are tried on named nodes first', async () => {
  const updateSettings = vi.fn((_req: object) => ({}));
  const stored = { ...settings, effectiveRollout: { mode: 'all_at_once', watchTime: { seconds: 10n } } };
  renderApp('/settings?section=rollout', { settings: { getSettings: () => ({ settings: stored }), updateSettings } });
  expect(await screen.findByLabelText('Share of the nodes')).toBeDisabled();
  await userEvent.click(screen.getByRole('switch', { name: /Try changes on some nodes first/ }));
  await userEvent.type(screen.getByLabelText('Share of the nodes'), '20');
  await userEvent.type(screen.getByLabelText('Watch time'), '30');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('Settings saved.')).toBeInTheDocument();
  expect(updateSettings.mock.calls[0]?.[0]).toMatchObject({
    settings: { rollout: { mode: 'canary', canaryPercent: 20, canaryNodes: [], watchTime: { seconds: 30n } } },
    updateMask: { paths: ['rollout'] },
  });
});

test('every field of the settings that one may set has a control', async () => {
  const fields = SettingsSchema.fields
    .filter((part) => settable(part) && part.message)
    .flatMap((part) => part.message?.fields.filter(settable).map((field) => `${part.localName}.${field.localName}`));
  const { router } = renderApp('/settings', { settings: { getSettings: () => ({ settings }) } });
  await screen.findByLabelText('Failures');
  const found = () => [...document.querySelectorAll('[data-path]')].map((one) => one.getAttribute('data-path'));
  const shown = found();
  await router.navigate({ to: '/settings', search: { section: 'data' } });
  await screen.findByText('CORS');
  shown.push(...found());
  await router.navigate({ to: '/settings', search: { section: 'rollout' } });
  await screen.findByLabelText('Share of the nodes');
  expect([...new Set([...shown, ...found()])].sort()).toEqual(fields.sort());
});

test('how long records are kept and WebSockets go back to their defaults, saved with the rest', async () => {
  const updateSettings = vi.fn((_req: object) => ({}));
  const own = {
    ...settings,
    retention: { calls: { seconds: 86_400n } },
    websocket: { enabled: false, maxConnectionsPerKey: 7 },
  };
  renderApp('/settings?section=data', { settings: { getSettings: () => ({ settings: own }), updateSettings } });
  for (const reset of await screen.findAllByRole('button', { name: 'Reset to default' })) {
    await userEvent.click(reset);
    expect(reset).toBeDisabled();
  }
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(updateSettings).toHaveBeenCalledOnce());
  expect(updateSettings.mock.calls[0]?.[0]).toEqual({
    $typeName: 'trunkline.admin.v1.UpdateSettingsRequest',
    settings: { $typeName: 'trunkline.admin.v1.Settings', etag: '4' },
    updateMask: expect.objectContaining({ paths: ['retention', 'cors', 'websocket'] }),
  });
});
