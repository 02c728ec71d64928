import type { Server } from './server';

/** A configuration as large as the console promises to stay quick with; seed/large.go makes calls with its names. */
export const LARGE = { providers: 1000, groups: 200, keys: 100_000 };
/** One of the same kind that is made in a moment. */
export const TENTH = { providers: 100, groups: 20, keys: 10_000 };
type Size = typeof LARGE;
const MODELS = 10;
const MEMBERS = 20;
const PART = 10_000;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const numbered = (word: string, n: number, digits: number) => `${word}-${String(n).padStart(digits, '0')}`;
const providerName = (n: number) => numbered('provider', n, 4);
const modelName = (n: number) => numbered('vendor/model', n % MODELS, 2);
const groupName = (n: number) => numbered('group', n, 3);

const provider = (n: number) => ({
  name: providerName(n),
  baseUrl: `https://${providerName(n)}.example.com/v1`,
  credentials: [{ name: 'main', secret: `not-a-real-key-${n}` }],
  models: range(MODELS).map((m) => ({
    id: modelName(m),
    price: { input: '1.75', cachedInput: '0.175', output: '14' },
    contextWindow: 400_000,
  })),
});

const group = (g: number, { providers }: Size) => ({
  name: groupName(g),
  members: range(MEMBERS).map((i) => {
    const n = g * MEMBERS + i;
    return { provider: providerName(n % providers), model: modelName(Math.floor(n / providers)), priority: i + 1 };
  }),
});

const apiKey = (n: number, { groups }: Size) => ({
  name: numbered('key', n, 6),
  groups: [...new Set([groupName(n % groups), groupName((n * 7 + 1) % groups)])],
  owner: `team-${n % 500}@example.com`,
  tags: [`app-${n % 1000}`],
});

export async function applyLarge(server: Server, size: Size = LARGE) {
  const apply = (resources: object[]) => server.call('ConfigService/ApplyConfig', { resources });
  await apply([
    ...range(size.providers).map((n) => ({ provider: provider(n) })),
    ...range(size.groups).map((n) => ({ group: group(n, size) })),
  ]);
  // In parts: a busy machine takes longer for all of them than one change of the configuration may.
  for (let from = 0; from < size.keys; from += PART) {
    const part = range(Math.min(PART, size.keys - from));
    await apply(part.map((n) => ({ apiKey: apiKey(from + n, size) })));
  }
}
