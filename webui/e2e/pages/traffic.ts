import { DEMO_KEY } from '../server';
import { ago, FIRING, first, type Said, type Shot, UNAVAILABLE } from './shot';

/** Pages of calls: signing in, the dashboard, the log and the playground. */
export const TRAFFIC: readonly Shot[] = [
  { name: 'login', path: '/login', signedOut: true },
  {
    name: 'required-factor',
    path: '/',
    answers: { 'SessionService/WhoAmI': (said) => ({ ...said, totpRequired: true }) },
    before: (page) => page.locator('form svg').first().waitFor(),
  },
  {
    name: 'required-factor-codes',
    path: '/',
    answers: {
      'SessionService/WhoAmI': (said) => ({ ...said, totpRequired: true }),
      'SessionService/ConfirmTotp': () => ({
        recoveryCodes: ['k7dm-2xqp', 'w9ra-t4hn', 'b3fz-8cvy', 'p6js-m1ge', 'u5kt-x7wd', 'n2ha-q9rb'],
      }),
    },
    before: async (page) => {
      await page.locator('form input').fill('123456');
      await page.locator('form button[type=submit]').click();
      await page.locator('input[type=checkbox]').waitFor();
    },
  },
  { name: 'dashboard', path: '/' },
  { name: 'dashboard-models', path: '/?range=7d&by=model&time=first' },
  {
    name: 'dashboard-alerts',
    path: '/',
    answers: {
      'AlertService/ListAlerts': () => ({
        firingCount: 5,
        alerts: [...FIRING, { id: '3', ...UNAVAILABLE, state: 'ALERT_STATE_FIRING', startTime: ago(300) }],
      }),
    },
  },
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
            traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
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
    name: 'calls-headers',
    path: '/calls',
    answers: {
      'CallService/GetCallBody': () => ({
        body: {
          request: '{"model":"fast-cheap","messages":[]}',
          response: '{"choices":[]}',
          requestHeaders: [
            { name: 'Authorization', value: '[redacted]' },
            { name: 'Content-Type', value: 'application/json' },
            { name: 'User-Agent', value: 'openai-python/1.99.1' },
          ],
          responseHeaders: [
            { name: 'Content-Type', value: 'application/json' },
            { name: 'X-Request-Id', value: 'req_8f14e45fceea167a5a36dedd4bea2543' },
          ],
        },
        reads: [{ actor: 'user:ann', time: ago(30) }],
      }),
    },
    before: async (page) => {
      await page.locator('tbody a').first().click();
      await page.getByRole('dialog').locator('button:has(.lucide-eye)').click();
      await page.getByRole('dialog').getByRole('tab').last().click();
      await page.getByRole('dialog').locator('[role=tabpanel] pre').last().scrollIntoViewIfNeeded();
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
  {
    name: 'calls-translated',
    path: '/calls',
    answers: {
      'CallService/GetCall': ({ call }) => ({
        call: {
          ...(call as Said),
          responseId: 'resp_tl1_8Zq0w2',
          previousResponseId: 'resp_68af4030592c8193',
          background: true,
          affinityKey: 'header',
          affinityHeld: true,
          attempts: first((call as Said).attempts, () => ({
            translation: {
              from: 'messages',
              to: 'chat',
              approximated: ['thinking', 'tools.custom'],
              dropped: ['cache_control', 'context_management', 'metadata'],
            },
          })),
        },
      }),
    },
    before: async (page) => {
      await page.locator('tbody a').first().click();
      await page.getByRole('dialog').locator('ol').first().waitFor();
    },
  },
];
