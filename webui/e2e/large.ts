import type { Server } from './server';

/** A configuration as large as the console promises to stay quick with; seed/large.go makes calls with its names. */
const PROVIDERS = 1000;
const MODELS = 10;
const GROUPS = 200;
const MEMBERS = 20;
const KEYS = 100_000;
const PART = 20_000;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const numbered = (word: string, n: number, digits: number) => `${word}-${String(n).padStart(digits, '0')}`;
const providerName = (n: number) => numbered('provider', n % PROVIDERS, 4);
const modelName = (n: number) => numbered('vendor/model', n % MODELS, 2);
const groupName = (n: number) => numbered('group', n % GROUPS, 3);

const provider = (n: number) => ({
  name: providerName(n),
  dialect: 'fake',
  credentials: [{ name: 'main', secret: `not-a-real-key-${n}` }],
  models: range(MODELS).map((m) => ({
    id: `ok@${modelName(m)}`,
    alias: modelName(m),
    price: { input: '1.75', cachedInput: '0.175', output: '14' },
    contextWindow: 400_000,
  })),
});

const group = (g: number) => ({
  name: groupName(g),
  members: range(MEMBERS).map((i) => {
    const n = g * MEMBERS + i;
    return { provider: providerName(n), model: modelName(Math.floor(n / PROVIDERS)), priority: i + 1 };
  }),
});

const apiKey = (n: number) => ({
  name: numbered('key', n, 6),
  groups: [groupName(n), groupName(n * 7 + 1)],
  owner: `team-${n % 500}@example.com`,
  tags: [`app-${n % 1000}`],
});

export async function applyLarge(server: Server) {
  const apply = (resources: object[]) => server.call('ConfigService/ApplyConfig', { resources });
  await apply([
    ...range(PROVIDERS).map((n) => ({ provider: provider(n) })),
    ...range(GROUPS).map((n) => ({ group: group(n) })),
  ]);
  // In parts: a busy machine takes longer for all of them than one change of the configuration may.
  for (let from = 0; from < KEYS; from += PART) {
    await apply(range(PART).map((n) => ({ apiKey: apiKey(from + n) })));
  }
}
