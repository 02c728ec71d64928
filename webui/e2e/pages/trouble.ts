import { ago, first, type Said, type Shot } from './shot';

const REVOKED = { enabled: false, revokeTime: ago(12), revokedBy: 'user:admin', state: 'API_KEY_STATE_REVOKED' };

/** What one rarely sees and must still be able to read: refused, cut off, in each other's way, on the way. */
export const TROUBLE: readonly Shot[] = [
  {
    name: 'login-wrong',
    path: '/login',
    signedOut: true,
    // Not by the control plane itself, which would soon let nobody try again.
    fails: { 'SessionService/Login': { status: 401, code: 'unauthenticated', message: 'wrong user name or password' } },
    before: async (page) => {
      await page.locator('input[name=username]').fill('admin');
      await page.locator('input[name=password]').fill('wrong');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'login-ended',
    path: '/keys',
    fails: { 'KeyService/ListApiKeys': { status: 401, code: 'unauthenticated', message: 'no session' } },
    waitFor: 'form',
  },
  {
    name: 'dashboard-loading',
    path: '/',
    never: ['UsageService/*', 'ProviderService/*'],
    waitFor: '[aria-busy=true]',
  },
  {
    name: 'dashboard-error',
    path: '/',
    fails: {
      'UsageService/GetUsageSeries': { status: 500, code: 'internal', message: 'internal error' },
      'ProviderService/ListProviderHealth': { status: 503, code: 'unavailable', message: 'the database is away' },
    },
    waitFor: '[role=alert]',
  },
  {
    name: 'dashboard-end',
    path: '/',
    before: (page) => page.evaluate(() => window.scrollTo(0, document.body.scrollHeight)),
  },
  {
    name: 'dashboard-stale',
    path: '/',
    before: async (page) => {
      await page.route('**/trunkline.admin.v1.**', (route) => route.abort('connectionrefused'));
      await page.evaluate(() => {
        const now = Date.now;
        Date.now = () => now() + 75_000;
      });
      await page.locator('[role=status] b').first().waitFor();
    },
  },
  {
    name: 'providers-error',
    path: '/providers',
    fails: { 'ProviderService/ListProviders': { status: 500, code: 'internal', message: 'internal error' } },
    waitFor: '[role=alert]',
  },
  {
    name: 'provider-cooling',
    path: '/providers?provider=openrouter',
    answers: {
      'ProviderService/ListProviderHealth': ({ providers, ...rest }) => ({
        ...rest,
        providers: (providers as Said[]).map((one) => ({
          ...one,
          state: 'TARGET_STATE_COOLING',
          remaining: '84s',
          reason: 'rate_limited',
          usableModels: 0,
          targets: [
            {
              provider: one.provider,
              model: 'gpt-5.2',
              state: 'TARGET_STATE_COOLING',
              remaining: '84s',
              reason: 'rate_limited',
              nodes: ['node-1'],
            },
            {
              provider: one.provider,
              credential: 'main',
              state: 'TARGET_STATE_COOLING',
              remaining: '3600s',
              reason: 'auth_failed',
              nodes: ['node-1'],
            },
          ],
        })),
      }),
    },
  },
  { name: 'provider-import', path: '/providers?provider=openrouter&import=true' },
  {
    name: 'provider-import-review',
    path: '/providers?provider=openrouter&import=true',
    before: async (page) => {
      await page.locator('main button').last().click();
      await page.waitForTimeout(1500); // the review is asked for
    },
  },
  {
    name: 'provider-import-refused',
    path: '/providers?provider=openrouter&import=true',
    fails: {
      'ProviderService/FollowImportPreview': {
        status: 503,
        code: 'unavailable',
        message: 'the upstream does not answer',
      },
    },
    waitFor: '[role=alert]',
  },
  {
    name: 'groups-cooling',
    path: '/groups?group=chat-default',
    answers: {
      'GroupService/ExplainGroups': ({ routes, ...rest }) => ({
        ...rest,
        routes: (routes as Said[]).map((route) => ({
          ...route,
          candidates: first(route.candidates, () => ({
            state: 'TARGET_STATE_COOLING',
            reason: 'rate_limited',
            remaining: '84s',
            failures: 3,
            threshold: 3,
            role: 'CANDIDATE_ROLE_LAST_RESORT',
            nodes: ['node-1'],
          })),
        })),
      }),
    },
  },
  {
    name: 'settings-conflict',
    path: '/settings',
    before: async (page) => {
      await page.locator('main input[inputmode]').first().fill('9');
      await page.route('**/trunkline.admin.v1.SettingsService/GetSettings*', async (route) => {
        const said = (await (await route.fetch()).json()) as { settings: Said };
        const failover = { ...(said.settings.failover as Said), failureThreshold: 4, maxAttempts: 3 };
        await route.fulfill({ json: { ...said, settings: { ...said.settings, failover, etag: '999' } } });
      });
      await page.route('**/trunkline.admin.v1.SettingsService/UpdateSettings*', (route) =>
        route.fulfill({ status: 409, json: { code: 'aborted', message: 'the settings changed meanwhile' } }),
      );
      await page.locator('section:has(svg.lucide-save) button:has(svg.lucide-save)').click();
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'keys-revoked',
    path: '/keys?key=internal-search',
    answers: {
      'KeyService/GetApiKey': ({ apiKey }) => ({ apiKey: { ...(apiKey as Said), ...REVOKED } }),
      'KeyService/ListApiKeys': ({ apiKeys, ...rest }) => ({
        ...rest,
        apiKeys: (apiKeys as Said[]).map((one) => (one.name === 'internal-search' ? { ...one, ...REVOKED } : one)),
      }),
    },
  },
  {
    name: 'not-found',
    path: '/nothing-here',
  },
  { name: 'shortcuts', path: '/groups', before: (page) => page.keyboard.press('?') },
];
