import { DEMO_KEY } from './server';

type Said = Record<string, unknown>;

/** A page as it is audited and photographed: what a page adds here is looked at in every language and theme. */
export type Shot = {
  name: string;
  path: string;
  /** What to do before the picture: open a menu, choose a tab. */
  before?: (page: import('@playwright/test').Page) => Promise<void>;
  /** What the control plane is made to say, by method, out of what it says: states that the demo does not come to. */
  answers?: Record<string, (said: Said) => Said>;
  /** Taken of an empty installation. */
  empty?: true;
  signedOut?: true;
};

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
/** The first of a list with more said of it. */
const first = (list: unknown, more: (one: Said) => Said) =>
  (list as Said[]).map((one, i) => (i === 0 ? { ...one, ...more(one) } : one));
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

export const SHOTS: readonly Shot[] = [
  { name: 'login', path: '/login', signedOut: true },
  { name: 'dashboard', path: '/' },
  { name: 'dashboard-models', path: '/?range=7d&by=model&time=first' },
  { name: 'dashboard-empty', path: '/', empty: true },
  { name: 'calls', path: '/calls' },
  {
    name: 'calls-call',
    path: '/calls?failedOver=true',
    before: async (page) => {
      await page.locator('tbody a').first().click();
      await page.getByRole('dialog').locator('ol').first().waitFor();
    },
  },
  {
    name: 'calls-said',
    path: '/calls',
    answers: {
      'CallService/GetCall': ({ call }) => {
        const { attempts, ...rest } = call as Said;
        const parts = [
          { kind: 'input', quantity: '1200', cost: '0.0018' },
          { kind: 'cached_input', quantity: '51200', cost: '0.0064' },
          { kind: 'output', quantity: '640', cost: '0.0064' },
        ];
        return {
          call: {
            ...rest,
            clientRequestId: 'c-17',
            incomingRequestId: '7f1c2c1e-57a4-4a35-9d5e-0f0b8f1f6a11',
            user: 'ann@example.com',
            metadata: { team: 'search', tenant: 'north-wing' },
            usage: { ...(rest.usage as Said), serviceTier: 'flex' },
            cost: '0.0146',
            attempts: first(attempts, () => ({
              cost: '0.0146',
              costParts: parts,
              workingLatency: '0.120s',
              fieldRules: ['rename max_tokens', 'drop user'],
              opaqueItemsCut: 2,
            })),
          },
        };
      },
    },
    before: async (page) => {
      await page.locator('tbody a').first().click();
      await page.getByRole('dialog').locator('ol').first().waitFor();
      await page.getByRole('dialog').locator('dl').last().locator('dt').last().scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'calls-gaps',
    path: '/calls',
    answers: {
      'CallService/ListGaps': () => ({
        gaps: [
          { id: '1', node: 'node-1', startTime: ago(9), endTime: ago(0), reason: 'killed', callsUnknown: true },
          {
            id: '2',
            node: 'node-2',
            startTime: ago(200),
            endTime: ago(0),
            reason: 'database_restored',
            callsUnknown: true,
          },
          {
            id: '3',
            node: 'node-2',
            startTime: ago(4),
            endTime: ago(0),
            calls: '41',
            reason: 'spool_full',
            summed: true,
          },
        ],
      }),
    },
  },
  {
    name: 'calls-more',
    path: '/calls?user=ann&metadata=team%3Dsearch&attemptOutcome=rate_limited&provider=openrouter',
    before: async (page) => {
      await page.locator('main button[aria-haspopup=dialog]').last().click();
      await page.locator('form button[type=submit]').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'alerts',
    path: '/alerts?ended=true',
    answers: {
      'AlertService/ListAlerts': () => ({
        firingCount: 2,
        alerts: [
          {
            id: '1',
            event: 'cooldown',
            state: 'ALERT_STATE_FIRING',
            summary: 'openrouter/gpt-5.2-mini is cooling down on 2 of 3 nodes: rate_limited',
            startTime: ago(4),
          },
          {
            id: '2',
            event: 'budget',
            state: 'ALERT_STATE_FIRING',
            summary: 'API key support-bot has spent 80 % of its budget of 50 USD a month',
            startTime: ago(200),
          },
          {
            id: '3',
            event: 'node_lost',
            state: 'ALERT_STATE_RESOLVED',
            summary: 'node node-2 is gone; it was heard of last at 2026-11-29T07:00:00Z',
            startTime: ago(600),
            endTime: ago(590),
          },
        ],
      }),
    },
  },
  { name: 'alerts-empty', path: '/alerts?tab=channels', empty: true },
  {
    name: 'alerts-channels',
    path: '/alerts?tab=channels',
    answers: {
      'AlertChannelService/ListAlertChannels': () => ({
        totalSize: 3,
        alertChannels: [
          {
            name: 'mail',
            email: { host: 'smtp.example.com', to: ['ops@example.com', 'on-call@example.com'] },
            enabled: false,
          },
          {
            name: 'on-call',
            webhook: { url: 'https://hooks.example.com/trunkline' },
            events: ['group_unavailable', 'node_lost'],
          },
          { name: 'slack', slack: { secretHint: 'x7Qp' } },
        ],
      }),
    },
  },
  { name: 'alerts-new', path: '/alerts?tab=channels&new=true' },
  {
    name: 'alerts-new-email',
    path: '/alerts?tab=channels&new=true',
    before: (page) =>
      page
        .getByRole('dialog')
        .getByRole('button')
        .filter({ hasText: /mail|邮件|メール|이메일/ })
        .click(),
  },
  {
    name: 'alerts-deliveries',
    path: '/alerts?tab=deliveries',
    answers: {
      'AlertChannelService/ListAlertChannelDeliveries': () => ({
        deliveries: [
          {
            id: '1',
            channel: 'slack',
            state: 'ALERT_DELIVERY_STATE_SENT',
            attempts: 1,
            createTime: ago(1),
            test: true,
          },
          {
            id: '2',
            channel: 'on-call',
            state: 'ALERT_DELIVERY_STATE_PENDING',
            attempts: 3,
            createTime: ago(2),
            error: 'it answered 503',
            alerts: [{ id: '1', summary: 'no member of group chat serves: all of them are cooling down' }, { id: '2' }],
          },
          {
            id: '3',
            channel: 'mail',
            state: 'ALERT_DELIVERY_STATE_FAILED',
            attempts: 10,
            createTime: ago(90),
            error: 'it does not offer STARTTLS, so nothing is sent to it',
            alerts: [{ id: '1', summary: 'node node-2 is gone; it was heard of last at 2026-11-29T07:00:00Z' }],
          },
        ],
      }),
    },
  },
  { name: 'calls-none', path: '/calls?status=418' },
  { name: 'calls-empty', path: '/calls', empty: true },
  { name: 'playground', path: '/playground' },
  {
    name: 'playground-answer',
    path: '/playground?group=chat-default',
    before: async (page) => {
      await page.locator('input[type=password]').fill(DEMO_KEY);
      await page.locator('main textarea').last().fill('Hello');
      await page.keyboard.press('Control+Enter');
      await page.locator('aside li').first().waitFor();
    },
  },
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
  { name: 'groups', path: '/groups' },
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
  { name: 'keyword-new', path: '/keywords?new=true' },
  { name: 'keywords-empty', path: '/keywords', empty: true },
  { name: 'nodes', path: '/nodes' },
  {
    name: 'nodes-all',
    path: '/nodes',
    answers: {
      'NodeService/ListNodes': ({ nodes, ...rest }) => ({
        ...rest,
        nodes: [
          'READY',
          'STARTING',
          'DRAINING',
          'BEHIND',
          'AHEAD',
          'REFUSING',
          'DISCONNECTED',
          'ORPHANED',
          'REVOKED',
        ].map((state, i) => ({
          ...(nodes as Said[])[0],
          name: `node-${i + 1}`,
          state: `NODE_STATE_${state}`,
          redis: 'denied',
        })),
      }),
      'NodeService/ListJoinTokens': () => ({
        joinTokens: [
          {
            id: 'k3v9',
            state: 'usable',
            node: 'node-7',
            maxUses: 1,
            createdBy: 'admin',
            createTime: ago(9),
            expireTime: ago(-51),
          },
          {
            id: 'p0q2',
            state: 'used',
            note: 'rack 7',
            maxUses: 1,
            uses: [{ node: 'node-2' }],
            createdBy: 'admin',
            createTime: ago(90),
            expireTime: ago(30),
          },
        ],
      }),
    },
  },
  { name: 'nodes-add', path: '/nodes?add=true', answers: { 'NodeService/ListJoinTokens': () => ({}) } },
  {
    name: 'apply-refused',
    path: '/keywords',
    answers: {
      'ConfigService/GetStartupApply': () => ({
        startupApply: {
          state: 'STARTUP_APPLY_STATE_REFUSED',
          file: '/etc/trunkline/gateway.yaml',
          error:
            'apply /etc/trunkline/gateway.yaml: groups["chat-default"].members[2].provider: there is no provider "azure-west"\nproviders["openrouter"].base_url: must be an absolute URL',
        },
      }),
    },
    before: (page) => page.locator('summary').click(),
  },
  { name: 'revision', path: '/history?revision=1' },
  { name: 'audit', path: '/audit' },
  {
    name: 'audit-event',
    path: '/audit?event=2',
    before: (page) => page.getByRole('dialog').locator('dl').waitFor(),
  },
  {
    name: 'audit-verified',
    path: '/audit?outcome=ok',
    before: async (page) => {
      await page.locator('section button').first().click();
      await page.locator('section [role=status] b').waitFor();
    },
  },
  {
    name: 'audit-operator',
    path: '/audit?actor=user:nobody',
    answers: { 'SessionService/WhoAmI': (said) => ({ ...said, role: 'ROLE_OPERATOR' }) },
  },
  {
    name: 'audit-viewer',
    path: '/audit',
    answers: { 'SessionService/WhoAmI': (said) => ({ ...said, role: 'ROLE_VIEWER' }) },
  },
  { name: 'settings-data', path: '/settings?section=data' },
  { name: 'settings-access', path: '/settings?section=access' },
  { name: 'settings-people', path: '/settings?section=people' },
  { name: 'settings-keys', path: '/settings?section=keys' },
  { name: 'history', path: '/history' },
  { name: 'settings', path: '/settings' },
  { name: 'palette', path: '/groups', before: async (page) => page.keyboard.press('Control+k') },
];
