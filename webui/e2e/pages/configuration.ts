import { ago, first, type Said, type Shot } from './shot';

const refusals = [
  { parameter: 'max_tokens', endpoint: 'chat/completions' },
  { parameter: 'reasoning.effort', value: '"minimal"', endpoint: 'responses', caller: 'owner:support' },
  { parameter: 'images' },
].map((one) => ({
  ...one,
  model: 'slow-40ms@gpt-5.2-mini',
  sinceTime: ago(4),
  untilTime: ago(-6),
  nodes: ['node-1', 'node-2'],
}));

/** Pages of what is configured: providers, groups, keys and failure keywords. */
export const CONFIGURATION: readonly Shot[] = [
  { name: 'providers', path: '/providers' },
  { name: 'providers-empty', path: '/providers', empty: true },
  { name: 'provider', path: '/providers?provider=openrouter' },
  { name: 'provider-models', path: '/providers?provider=openai-direct&tab=models' },
  {
    name: 'provider-prices',
    path: '/providers?provider=openai-direct&tab=models',
    before: async (page) => {
      await page.locator('button:has(.lucide-pencil)').first().click();
      await page.locator('td button[aria-label*=": "]').first().click();
    },
  },
  {
    name: 'provider-rules',
    path: '/providers?provider=openai-direct&tab=models',
    before: (page) => page.locator('button:has(.lucide-list-filter)').first().click(),
  },
  {
    name: 'provider-refusals',
    path: '/providers?provider=openai-direct',
    answers: {
      'ProviderService/ListProviderHealth': ({ providers, ...rest }) => ({
        ...rest,
        providers: (providers as Said[]).map((one) => ({ ...one, refusals })),
      }),
    },
    before: (page) => page.getByText('reasoning.effort').first().scrollIntoViewIfNeeded(),
  },
  { name: 'provider-imports', path: '/providers?provider=openrouter&tab=imports' },
  { name: 'provider-settings', path: '/providers?provider=azure-east-us-2&tab=settings' },
  { name: 'provider-new', path: '/providers?new=openai' },
  { name: 'provider-endpoints', path: '/providers?new=azure-deployments' },
  { name: 'provider-presets', path: '/providers?new=choose' },
  {
    name: 'groups',
    path: '/groups',
    // Upstream ids without what makes the scripted upstream fail: they are those of the calls made up for the days before.
    answers: {
      'GroupService/ExplainGroups': ({ routes, ...rest }) => ({
        ...rest,
        routes: (routes as Said[]).map((route) => ({
          ...route,
          candidates: (route.candidates as Said[] | undefined)?.map((one) => ({ ...one, model: one.memberModel })),
          leftOut: (route.leftOut as Said[] | undefined)?.map((one) => ({ ...one, model: one.memberModel })),
        })),
      }),
    },
  },
  { name: 'groups-order', path: '/groups?group=fast-cheap' },
  { name: 'groups-settings', path: '/groups?group=chat-default&tab=settings' },
  { name: 'groups-policy', path: '/groups?group=chat-default&tab=policy' },
  { name: 'groups-route', path: '/groups?group=chat-default&tab=route' },
  {
    name: 'groups-refusals',
    path: '/groups?group=chat-default&tab=route',
    answers: {
      'GroupService/ExplainGroups': ({ routes, ...rest }) => ({
        ...rest,
        routes: (routes as Said[]).map((route) => ({
          ...route,
          candidates: first(route.candidates, () => ({ refusals })),
        })),
      }),
    },
  },
  {
    name: 'groups-policy-end',
    path: '/groups?group=chat-default&tab=policy',
    before: (page) => page.evaluate(() => window.scrollTo(0, document.body.scrollHeight)),
  },
  { name: 'groups-new', path: '/groups?new=true' },
  {
    name: 'groups-unsaved',
    path: '/groups?group=chat-default',
    before: async (page) => {
      const handle = page.locator('ol li button').first();
      for (const key of ['Space', 'ArrowDown', 'Space']) {
        await handle.focus();
        await page.keyboard.press(key);
        await page.waitForTimeout(200);
      }
      await page.locator('[aria-expanded=false]').last().click();
    },
  },
  {
    name: 'groups-add',
    path: '/groups?group=embeddings',
    before: async (page) => page.locator('header + div, section').locator('button:has(svg.lucide-plus)').last().click(),
  },
  { name: 'groups-empty', path: '/groups', empty: true },
  { name: 'keys', path: '/keys' },
  { name: 'keys-empty', path: '/keys', empty: true },
  { name: 'keywords', path: '/keywords' },
  { name: 'key', path: '/keys?key=support-bot' },
  { name: 'key-new', path: '/keys?new=true' },
  {
    name: 'key-made',
    path: '/keys?new=true',
    before: async (page) => {
      const form = page.getByRole('dialog');
      await form.locator('input').first().fill(`robot-${Date.now()}`);
      await form.getByRole('combobox').first().click();
      await page.getByRole('option', { name: 'chat-default' }).click();
      await form.locator('button[type=submit]').click();
      await form.locator('code').first().waitFor();
    },
  },
  {
    name: 'groups-clients',
    path: '/groups?group=chat-default',
    answers: {
      'ClientSetupService/ListClientSetups': ({ clientSetups, ...rest }) => ({
        ...rest,
        clientSetups: first(clientSetups, () => ({
          warnings: ['CLIENT_SETUP_WARNING_GROUP_DISABLED', 'CLIENT_SETUP_WARNING_API_NOT_SERVED'],
        })),
      }),
    },
    before: (page) => page.evaluate(() => window.scrollTo(0, document.body.scrollHeight)),
  },
  { name: 'keyword-new', path: '/keywords?new=true' },
  { name: 'keywords-empty', path: '/keywords', empty: true },
  {
    name: 'groups-sticky',
    path: '/groups?group=chat-default&tab=route',
    answers: {
      'GroupService/ListGroups': ({ groups, ...rest }) => ({
        ...rest,
        groups: (groups as Said[]).map((one) => ({ ...one, selection: 'sticky' })),
      }),
    },
  },
  {
    name: 'provider-cloud',
    path: '/providers?new=bedrock',
    before: async (page) => {
      await page.getByRole('group', { name: 'main' }).getByRole('combobox').first().click();
      await page.locator('[role=option]:visible').nth(1).click();
    },
  },
];
