import { ago, FIRING, LOST, type Said, type Shot, UNAVAILABLE } from './shot';

/** Pages of the house: nodes, alerts, the audit log, history and settings. */
export const HOUSE: readonly Shot[] = [
  {
    name: 'alerts',
    path: '/alerts?ended=true',
    answers: {
      'AlertService/ListAlerts': () => ({
        firingCount: 2,
        alerts: [
          ...FIRING,
          { id: '3', ...LOST, state: 'ALERT_STATE_RESOLVED', startTime: ago(600), endTime: ago(590) },
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
            alerts: [{ id: '1', ...UNAVAILABLE }, { id: '2' }],
          },
          {
            id: '3',
            channel: 'mail',
            state: 'ALERT_DELIVERY_STATE_FAILED',
            attempts: 10,
            createTime: ago(90),
            error: 'it does not offer STARTTLS, so nothing is sent to it',
            alerts: [{ id: '1', ...LOST }],
          },
        ],
      }),
    },
  },
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
  {
    name: 'settings-catalogue',
    path: '/settings?section=data',
    answers: {
      'SettingsService/GetSettings': ({ settings, ...rest }) => ({
        ...rest,
        settings: {
          ...(settings as Said),
          priceCatalogue: {
            path: '/etc/trunkline/prices.json',
            modelCount: 412,
            modifyTime: ago(4000),
            error: 'line 7: "input" is no price',
          },
        },
      }),
    },
    before: (page) => page.evaluate(() => window.scrollTo(0, document.body.scrollHeight)),
  },
  { name: 'settings-access', path: '/settings?section=access' },
  { name: 'settings-people', path: '/settings?section=people' },
  { name: 'settings-keys', path: '/settings?section=keys' },
  { name: 'history', path: '/history' },
  { name: 'settings', path: '/settings' },
  {
    name: 'settings-unsaved',
    path: '/settings',
    before: async (page) => {
      await page.locator('main input[inputmode]').first().fill('7');
      await page.locator('main button[aria-expanded=false]').last().click();
    },
  },
  { name: 'palette', path: '/groups', before: async (page) => page.keyboard.press('Control+k') },
  {
    name: 'settings-authority',
    path: '/settings?section=keys',
    answers: {
      'AuthorityKeyService/ListAuthorityKeys': () => ({
        authorityKeys: [
          { fingerprint: '3f9a1c7d20b4e856', role: 'AUTHORITY_KEY_ROLE_SIGNING', since: ago(90_000) },
          { fingerprint: 'b07e55d1c2f83a94', role: 'AUTHORITY_KEY_ROLE_NEXT', since: ago(2) },
        ],
        waitingNodes: ['node-7', 'node-9'],
      }),
    },
    before: (page) => page.evaluate(() => window.scrollTo(0, document.body.scrollHeight)),
  },
];
