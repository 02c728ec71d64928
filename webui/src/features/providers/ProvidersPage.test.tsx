import { Code, ConnectError } from '@connectrpc/connect';
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import { ImportAction, type RemoveImportedModelsRequest } from '@/gen/trunkline/admin/v1/import_pb';
import type {
  ListProvidersRequest,
  ResetCooldownRequest,
  UpdateProviderRequest,
} from '@/gen/trunkline/admin/v1/provider_pb';
import { TestResult, TestStep } from '@/gen/trunkline/admin/v1/provider_pb';
import { type GetAttemptSeriesRequest, UsageDimension } from '@/gen/trunkline/admin/v1/usage_pb';
import { refusal } from '@/test/refusal';
import { type Backend, renderApp } from '@/test/renderApp';

const azure = {
  name: 'azure',
  etag: '7',
  baseUrl: 'https://eastus2.example:8443/openai/v1',
  credentials: [
    {
      name: 'main',
      secretHint: '9f3a',
      secretSetTime: { seconds: BigInt(Math.floor(Date.now() / 1000) - 3 * 86_400) },
    },
  ],
  models: [{ id: 'gpt-4o', alias: 'big', price: { input: '2.5', output: '10' } }],
  effectiveTimeouts: { connect: { seconds: 5n } },
};
const openai = { name: 'openai', etag: '3', baseUrl: 'https://api.openai.example/v1' };

const backend = (more: Backend['providers'] = {}, groups: Backend['groups'] = {}): Backend => ({
  providers: {
    listProviders: () => ({ providers: [azure, openai], totalSize: 2 }),
    getProvider: ({ name }) => ({ provider: name === 'azure' ? azure : openai }),
    listProviderHealth: () => ({
      providers: [
        {
          provider: 'azure',
          state: TargetState.COOLING,
          reason: 'auth_failed',
          remaining: { seconds: 60n },
          usableModels: 0,
          modelCount: 1,
          targets: [{ provider: 'azure', credential: 'main', state: TargetState.COOLING, reason: 'auth_failed' }],
        },
        { provider: 'openai', state: TargetState.HEALTHY },
      ],
    }),
    ...more,
  },
  groups: { listGroups: () => ({}), ...groups },
  usage: {
    breakDownAttempts: () => ({ rows: [{ value: 'openai', total: { attempts: 2000n, countedFailures: 50n } }] }),
    breakDownUsage: () => ({ rows: [{ value: 'openai', total: { cost: '12.5' } }] }),
  },
});
/** Those that every admin expects. */
const VENDORS = [
  ...['OpenAI', 'Azure', 'Anthropic', 'Gemini', 'DeepSeek', 'Qwen', 'Moonshot', 'Zhipu', 'MiniMax', 'Mistral'],
  ...['Groq', 'xAI', 'OpenRouter', 'SiliconFlow', 'Ollama', 'vLLM', 'LM Studio', 'Custom'],
];
const namesInOrder = () =>
  screen
    .getAllByRole('row')
    .slice(1)
    .map((row) => within(row).getAllByRole('link')[0]?.textContent);

test('the table shows health, requests, failures and cost, and sorts by any of them', async () => {
  renderApp('/providers', backend());
  const row = within(await screen.findByRole('row', { name: /openai/ }));
  expect(await row.findByText('2,000')).toBeVisible();
  expect(row.getByText('2.5%')).toBeVisible();
  expect(row.getByText('$12.50')).toBeVisible();
  expect(await screen.findByText('Credential refused')).toBeVisible();
  expect(namesInOrder()).toEqual(['azureeastus2.example:8443', 'openaiapi.openai.example']);
  await userEvent.click(screen.getByRole('button', { name: 'Requests' }));
  await waitFor(() => expect(namesInOrder()[0]).toContain('openai'));
  for (const [column, first] of [
    ['State', 'azure'],
    ['Failures', 'openai'],
    ['Models', 'azure'],
    ['Cost', 'openai'],
  ] as const) {
    await userEvent.click(screen.getByRole('button', { name: column }));
    await waitFor(() => expect(namesInOrder()[0]).toContain(first));
  }
});

test('the server searches and pages', async () => {
  const asked: ListProvidersRequest[] = [];
  const list = vi.fn((request: ListProvidersRequest) => {
    asked.push(request);
    const second = request.pageToken === 'next';
    return { providers: [second ? openai : azure], nextPageToken: second ? '' : 'next', totalSize: 1000 };
  });
  renderApp('/providers', backend({ listProviders: list }));
  expect(await screen.findByText('1,000 providers')).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Show more' }));
  expect(await screen.findByRole('row', { name: /openai/ })).toBeVisible();
  await userEvent.type(screen.getByRole('searchbox'), 'gpt');
  await waitFor(() => expect(asked.at(-1)).toMatchObject({ search: 'gpt', pageToken: '', orderBy: 'name' }));
});

test('the strips of listed providers come in one answer for fifty of them', async () => {
  const names = Array.from({ length: 60 }, (_, i) => `p${String(i).padStart(2, '0')}`);
  const asked: string[][] = [];
  const getAttemptSeries = ({ by, values }: GetAttemptSeriesRequest) => {
    expect(by).toBe(UsageDimension.PROVIDER);
    asked.push(values);
    const hour = { seconds: 1_790_000_000n - (1_790_000_000n % 3600n) };
    const total = { attempts: 40n, countedFailures: 1n };
    return { bucketTimes: [hour], series: [{ value: 'p01', total, points: [{ startTime: hour, total }] }] };
  };
  const { providers, usage, ...rest } = backend({
    listProviders: () => ({ providers: names.map((name) => ({ ...openai, name })), totalSize: 60 }),
  });
  renderApp('/providers', { ...rest, providers, usage: { ...usage, getAttemptSeries } });
  const row = async (name: string) => within(await screen.findByRole('row', { name: new RegExp(`^${name}`) }));
  expect(
    await (await row('p01')).findByText('97.5% of the requests in the last 24 hours succeeded'),
  ).toBeInTheDocument();
  expect((await row('p00')).getByText('No requests in the last 24 hours')).toBeInTheDocument();
  // Those of which no row is drawn are not asked for alone either.
  for (const values of asked) expect([names.slice(0, 50), names.slice(50)]).toContainEqual(values);
  expect(new Set(asked.map(String)).size).toBe(asked.length);
  // The links of a strip are there as soon as a pointer is.
  const cell = (await row('p01')).getByTitle(/97.5% succeeded, 1 of 40 failed/);
  expect(cell.tagName).toBe('I');
  await userEvent.hover(cell);
  expect((await row('p01')).getByTitle(/97.5% succeeded/)).toHaveAttribute(
    'href',
    expect.stringContaining('provider=p01'),
  );
});

test('without any provider the page begins with the vendors', async () => {
  renderApp('/providers', { providers: { listProviders: () => ({}) } });
  const vendors = within(await screen.findByRole('list', { name: 'Vendors' }));
  const names = vendors.getAllByRole('link').map((link) => link.querySelector('b')?.textContent);
  for (const vendor of VENDORS) expect(names).toContainEqual(expect.stringContaining(vendor));
  await userEvent.click(vendors.getByRole('link', { name: /Anthropic/ }));
  expect(await screen.findByLabelText('Base URL')).toHaveValue('https://api.anthropic.com/v1');
  expect(screen.getByRole('combobox', { name: 'Dialect' })).toHaveValue('Anthropic');
});

test('a new provider: a refusal stands at its field, then it is created and its models can be imported', async () => {
  const create = vi.fn().mockImplementationOnce(() => {
    throw refusal({ 'providers["openai"].credentials[0].secret': 'is required' });
  });
  create.mockImplementation(({ provider }) => ({ provider }));
  const { router } = renderApp(
    '/providers?new=openai',
    backend({
      createProvider: create,
      followImportPreview: async function* () {
        yield { plans: [] };
      },
    }),
  );
  await userEvent.click(await screen.findByRole('button', { name: 'Create and import models' }));
  expect(await screen.findByText('Is required')).toBeVisible();
  await userEvent.type(screen.getByLabelText('Secret'), 'sk-1');
  await userEvent.click(screen.getByRole('button', { name: 'Create and import models' }));
  await waitFor(() => expect(router.state.location.search).toEqual({ provider: 'openai', import: true }));
  expect(create.mock.calls[1]?.[0].provider).toMatchObject({
    name: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    credentials: [{ name: 'main', secret: 'sk-1', enabled: true }],
    enabled: true,
  });
});

test('an edit sends only what changed; a conflict shows both sides', async () => {
  const asked: UpdateProviderRequest[] = [];
  const update = (request: UpdateProviderRequest) => {
    asked.push(request);
    if (request.provider?.etag === '7') throw new ConnectError('stale', Code.Aborted);
    return { provider: { ...azure, etag: '9' } };
  };
  const get = () => ({ provider: asked.length === 0 ? azure : { ...azure, etag: '8', maxInFlight: 40 } });
  renderApp('/providers?provider=azure&tab=settings', backend({ updateProvider: update, getProvider: get }));
  expect(await screen.findByText('••••9f3a')).toBeVisible();
  expect(screen.getByText('3 days ago')).toBeVisible();
  expect(screen.getByLabelText('Name', { selector: '[disabled]' })).toHaveValue('azure');
  await userEvent.click(screen.getByRole('switch', { name: /^Private network/ }));
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('Someone else changed this while you were editing.')).toBeVisible();
  expect(within(screen.getByRole('alert')).getByText('Attempts in flight')).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Overwrite with mine' }));
  await waitFor(() => expect(asked).toHaveLength(2));
  expect(asked[1]?.updateMask?.paths).toEqual(['allow_private_network']);
  expect(asked[1]?.provider).toMatchObject({ name: 'azure', etag: '8', allowPrivateNetwork: true });
});

test('a test of an unsaved provider tells each step, and only asks for a chat when told to', async () => {
  const tested = vi.fn();
  async function* run(request: unknown) {
    tested(request);
    yield { step: TestStep.DNS, result: TestResult.OK, duration: { nanos: 12_000_000 }, detail: '10.1.2.3' };
    yield {
      step: TestStep.TCP,
      result: TestResult.FAILED,
      duration: { nanos: 1_000_000 },
      detail: 'it refuses the connection',
    };
    yield { step: TestStep.TLS, result: TestResult.SKIPPED, detail: 'not reached' };
  }
  renderApp('/providers?new=custom', backend({ testProvider: run }));
  await userEvent.type(await screen.findByLabelText('Base URL'), 'http://x.example');
  await userEvent.click(screen.getByRole('button', { name: 'Test connection' }));
  const steps = within(await screen.findByRole('list', { name: 'Test connection' }));
  expect(await steps.findByText('it refuses the connection')).toBeVisible();
  expect(steps.getByText('12 ms')).toBeVisible();
  expect(tested.mock.calls[0]?.[0]).toMatchObject({ chat: false, provider: { baseUrl: 'http://x.example' } });
});

test('what a test finds wrong with the form stands at its field', async () => {
  // biome-ignore lint/correctness/useYield: it is refused before its first step
  async function* run() {
    throw refusal({ 'provider.credentials[0].secret': 'is required' });
  }
  renderApp('/providers?new=openai', backend({ testProvider: run }));
  await userEvent.click(await screen.findByRole('button', { name: 'Test connection' }));
  expect(await screen.findByText('Is required')).toBeVisible();
  expect(screen.getByLabelText('Secret')).toHaveFocus();
  expect(screen.queryByText('Some values are not accepted')).toBeNull();
});

test.each(['/providers?new=openai', '/providers?provider=azure&tab=settings'])(
  'a chat that has no model is told at the model (%s)',
  async (at) => {
    // biome-ignore lint/correctness/useYield: it is refused before its first step
    async function* run() {
      throw refusal({ model: 'is required for a chat: the provider has no models yet' });
    }
    renderApp(at, backend({ testProvider: run }));
    await userEvent.click(await screen.findByRole('switch', { name: /^Also send a chat/ }));
    await userEvent.click(screen.getByRole('button', { name: 'Test connection' }));
    expect(await screen.findByText('Is required for a chat: the provider has no models yet')).toBeVisible();
    expect(screen.getByLabelText('Model to chat with')).toHaveFocus();
    expect(screen.queryByText('Some values are not accepted')).toBeNull();
  },
);

test('what imports brought is removed by credential, after saying what that is and which groups use it', async () => {
  const imported = (id: string, credential: string, isGone = false) => ({
    id,
    imported: { credential, import: 'i1', goneTime: isGone ? { seconds: 1n } : undefined },
  });
  const models = [imported('a', 'main'), imported('b', 'main', true), imported('c', 'other'), { id: 'own' }];
  const removeImportedModels = vi.fn(({ dryRun }: RemoveImportedModelsRequest) => ({
    revision: dryRun ? 0n : 9n,
    models: ['a', 'b'],
    members: [{ group: 'chat', model: 'a' }],
  }));
  const more: Backend['providers'] = {
    getProvider: () => ({ provider: { ...azure, models } }),
    listImports: () => ({
      imports: [{ id: 'i1', provider: 'azure', actor: 'user:ada', startTime: { seconds: 1n }, counts: { added: 3 } }],
    }),
    removeImportedModels,
  };
  renderApp('/providers?provider=azure&tab=imports', backend(more));
  const runs = within(await screen.findByRole('region', { name: 'Last imports' }));
  await userEvent.click(await runs.findByRole('button', { name: /Remove/ }));
  await waitFor(() => expect(removeImportedModels.mock.calls[0]?.[0]).toMatchObject({ import: 'i1', dryRun: true }));
  await userEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Cancel' }));

  expect(screen.getByRole('button', { name: 'No longer listed (1)' })).toBeEnabled();
  expect(screen.getByRole('button', { name: 'Imported with other (1)' })).toBeEnabled();
  await userEvent.click(screen.getByRole('button', { name: 'Imported with main (2)' }));
  const dialog = within(await screen.findByRole('dialog'));
  const confirm = await dialog.findByRole('button', { name: 'Remove 2 models' });
  expect(dialog.getByRole('link', { name: 'chat' })).toBeVisible();
  await userEvent.click(confirm); // not before it is said what becomes of the member
  expect(removeImportedModels.mock.calls.every(([request]) => request.dryRun)).toBe(true);
  await userEvent.click(dialog.getByRole('checkbox'));
  await userEvent.click(confirm);
  expect(await screen.findByText('2 models removed')).toBeInTheDocument();
  const done = removeImportedModels.mock.calls.map(([request]) => request).filter((request) => !request.dryRun);
  expect(done).toMatchObject([{ name: 'azure', credential: 'main', import: '', gone: false, alsoMembers: true }]);
});

test('before it is disabled, the page says where the calls of each group go then', async () => {
  const update = vi.fn((_: UpdateProviderRequest) => ({ provider: azure }));
  const groups: Backend['groups'] = {
    listGroups: () => ({ groups: [{ name: 'chat' }, { name: 'solo' }] }),
    explainGroups: () => ({
      routes: [
        {
          group: 'chat',
          candidates: [
            { provider: 'azure', model: 'gpt-4o' },
            { provider: 'openai', model: 'o3' },
          ],
        },
        { group: 'solo', candidates: [{ provider: 'azure', model: 'gpt-4o' }] },
      ],
    }),
  };
  renderApp('/providers', backend({ updateProvider: update }, groups));
  await userEvent.click(await screen.findByRole('button', { name: 'Actions for azure' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Disable' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Disable azure?' }));
  expect(await dialog.findByText('o3')).toBeVisible();
  expect(dialog.getByText('nothing is left to serve it: its calls will fail')).toBeVisible();
  await userEvent.click(dialog.getByRole('button', { name: 'Disable' }));
  await waitFor(() => expect(update).toHaveBeenCalledOnce());
  expect(update.mock.calls[0]?.[0]).toMatchObject({
    provider: { name: 'azure', etag: '7', enabled: false },
    updateMask: { paths: ['enabled'] },
  });
});

test('a provider in use is not deleted: its groups are named instead', async () => {
  const groups = { listGroups: () => ({ groups: [{ name: 'chat', members: [{ provider: 'azure', model: 'big' }] }] }) };
  renderApp('/providers?provider=azure', backend({}, groups));
  await userEvent.click(await screen.findByRole('button', { name: 'Actions for azure' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Delete' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Delete azure?' }));
  expect(await dialog.findByRole('link', { name: 'chat' })).toHaveAttribute('href', '/groups?group=chat');
  expect(dialog.queryByRole('button', { name: 'Delete' })).toBeNull();
});

test('a cooldown of one credential can be ended', async () => {
  const reset = vi.fn((_: ResetCooldownRequest) => ({ nodes: ['n'] }));
  renderApp('/providers?provider=azure', backend({ resetCooldown: reset }));
  await userEvent.click(await screen.findByRole('button', { name: 'End cooldown' }));
  await waitFor(() =>
    expect(reset.mock.calls[0]?.[0]).toMatchObject({ provider: 'azure', credential: 'main', model: '' }),
  );
});

test('a provider that is not there says so', async () => {
  const get = () => {
    throw new ConnectError('Provider "x" does not exist', Code.NotFound);
  };
  renderApp('/providers?provider=x', backend({ getProvider: get }));
  expect(await screen.findByText('There is no provider called x', {}, { timeout: 5000 })).toBeVisible();
});

test('models that are picked are enabled, disabled and priced together', async () => {
  const asked: UpdateProviderRequest[] = [];
  const stored = { ...azure, models: [{ id: 'a' }, { id: 'b', enabled: false }, { id: 'c', enabled: false }] };
  const updateProvider = (request: UpdateProviderRequest) => {
    asked.push(request);
    return { provider: request.provider };
  };
  renderApp(
    '/providers?provider=azure&tab=models',
    backend({ updateProvider, getProvider: () => ({ provider: stored }) }),
  );
  expect(await screen.findAllByText('Disabled')).toHaveLength(2);
  await userEvent.click(screen.getByRole('checkbox', { name: '3 models' }));
  await userEvent.click(screen.getByRole('button', { name: 'Enable' }));
  await userEvent.click(screen.getByRole('checkbox', { name: /\bc$/ })); // it is left out of what follows
  await userEvent.click(screen.getByRole('button', { name: 'Disable' }));
  await userEvent.click(screen.getByRole('button', { name: 'Set price' }));
  const price = within(await screen.findByRole('dialog', { name: 'Price of 2 models' }));
  await userEvent.type(price.getAllByLabelText('Input')[0] as HTMLElement, '3');
  await userEvent.click(price.getByRole('button', { name: 'Apply' }));
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(asked).toHaveLength(1));
  expect(asked[0]?.updateMask?.paths).toEqual(['models']);
  expect(asked[0]?.provider?.models.map(({ id, enabled, price: paid }) => [id, enabled, paid?.input])).toEqual([
    ['a', false, '3'],
    ['b', false, '3'],
    ['c', true, undefined],
  ]);
});

test('what is listed is searched, and a pasted list chooses exactly its models', async () => {
  const models = ['gpt-4o', 'o3', 'whisper-1'].map((id) => ({ id, action: ImportAction.ADD }));
  renderApp(
    '/providers?provider=openai&import=true',
    backend({
      followImportPreview: async function* () {
        yield { listed: 2 };
        yield { plans: [{ provider: 'openai', models }] };
      },
    }),
  );
  expect(await screen.findByText('3 models chosen', {}, { timeout: 10_000 })).toBeVisible();
  await userEvent.type(screen.getByRole('searchbox'), 'whis');
  const listed = within(screen.getByRole('table'));
  await waitFor(() => expect(listed.queryByText('gpt-4o')).toBeNull());
  expect(listed.getByText('whisper-1')).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Paste a list' }));
  const dialog = within(await screen.findByRole('dialog'));
  await userEvent.type(dialog.getByRole('textbox'), 'o3, not-there');
  expect(dialog.getByRole('status')).toHaveTextContent(/^1 is listed.*not-there/);
  await userEvent.click(dialog.getByRole('button', { name: 'Choose these' }));
  expect(await screen.findByText('1 model chosen')).toBeVisible();
});
