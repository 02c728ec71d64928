import { DEMO_KEY } from './server';

/** A page as it is audited and photographed: what a page adds here is looked at in every language and theme. */
export type Shot = {
  name: string;
  path: string;
  /** What to do before the picture: open a menu, choose a tab. */
  before?: (page: import('@playwright/test').Page) => Promise<void>;
  /** Taken of an empty installation. */
  empty?: true;
  signedOut?: true;
};

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
  { name: 'provider-imports', path: '/providers?provider=openrouter&tab=imports' },
  { name: 'provider-settings', path: '/providers?provider=azure-east-us-2&tab=settings' },
  { name: 'provider-new', path: '/providers?new=openai' },
  { name: 'provider-presets', path: '/providers?new=choose' },
  { name: 'groups', path: '/groups' },
  { name: 'groups-order', path: '/groups?group=fast-cheap' },
  { name: 'groups-settings', path: '/groups?group=chat-default&tab=settings' },
  { name: 'groups-policy', path: '/groups?group=chat-default&tab=policy' },
  { name: 'groups-route', path: '/groups?group=chat-default&tab=route' },
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
  { name: 'revision', path: '/history?revision=1' },
  { name: 'settings-data', path: '/settings?section=data' },
  { name: 'settings-access', path: '/settings?section=access' },
  { name: 'history', path: '/history' },
  { name: 'settings', path: '/settings' },
  { name: 'palette', path: '/groups', before: async (page) => page.keyboard.press('Control+k') },
];
