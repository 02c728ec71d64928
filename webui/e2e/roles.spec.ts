// A viewer and an operator walk all pages: everything can be read, and no control leads to a refusal.
import type { Browser, Page, Response } from '@playwright/test';
import { DESKTOP, expect, settled, signIn, test, useConsole, visit } from './fixture';

const it = useConsole('demo', { seedDays: 1 });
const PASSWORD = 'a password of somebody';

/** One page of each kind for a viewer, who may change nothing; for an operator those with something of owners, and a few others. */
const EVERYWHERE = [
  '/',
  '/calls',
  '/providers?provider=openrouter',
  '/providers?provider=openai-direct&tab=models',
  '/providers?provider=openrouter&tab=imports',
  '/providers?provider=openrouter&tab=settings',
  '/groups?group=chat-default',
  '/groups?group=chat-default&tab=settings',
  '/groups?group=chat-default&tab=policy',
  '/keys',
  '/keys?key=support-bot',
  '/keywords?keyword=overloaded',
  '/alerts?tab=channels',
  '/nodes',
  '/history?revision=1',
  '/settings?section=failover',
  '/settings?section=access',
];
const PAGES = {
  viewer: EVERYWHERE,
  operator: [
    '/providers?provider=openrouter',
    '/groups?group=chat-default',
    '/keys?key=support-bot',
    '/nodes',
    '/audit',
    '/settings?section=access',
    '/settings?section=keys',
  ],
};
/** Forms and pages that take a role, by an address that someone sent: one is told so, and nothing is asked for. */
const FORMS = {
  viewer: ['/audit', '/providers?new=openai', '/providers?provider=openrouter&import=true', '/groups?new=true'],
  operator: ['/settings?section=people'],
};

for (const role of ['viewer', 'operator'] as const) {
  test(`${role === 'viewer' ? 'a' : 'an'} ${role} is offered only what the role may do`, async ({ browser }) => {
    test.setTimeout(600_000);
    const { page, refused, quiet } = await enter(browser, role);
    for (const path of PAGES[role]) {
      await open(page, path);
      await expect(page.getByRole('alert'), path).toHaveCount(0);
      await clickAll(page, path);
      await quiet();
      expect(refused, path).toEqual([]);
    }
    for (const path of FORMS[role]) {
      await open(page, path);
      await expect(page.getByRole('heading', { name: /^Requires the \w+ role$/ }), path).toBeVisible();
      await quiet();
      expect(refused, path).toEqual([]);
    }
  });
}

test('what a viewer sees of a group, a form and a dialog cannot be changed', async ({ browser }) => {
  const { page } = await enter(browser, 'viewer');
  await visit(page, '/groups?group=chat-default');
  await expect(page.getByRole('list', { name: 'Failover order' }).getByRole('listitem').first()).toBeVisible();
  await expect(page.getByRole('button', { name: /^Move / })).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Audit log' })).toHaveCount(0);
  await visit(page, '/settings?section=failover');
  await expect(page.getByText(/changes require the Operator role/)).toBeVisible();
  for (const field of await page.locator('main').getByRole('textbox').all()) await expect(field).toBeDisabled();
});

type Role = keyof typeof PAGES;
const entered: Partial<Record<Role, ReturnType<typeof signInAs>>> = {};
test.afterAll(async () => {
  for (const session of Object.values(entered)) await (await session).page.context().close();
});

/** Somebody of the role, signed in once for all tests. */
function enter(browser: Browser, role: Role) {
  entered[role] ??= signInAs(browser, role);
  return entered[role];
}

/** Signs in as somebody of the role, and notes what the server refuses. */
async function signInAs(browser: Browser, role: Role) {
  const user = `${role}-${Date.now()}`;
  await it.server.call('UserService/CreateUser', {
    user: { name: user, role: `ROLE_${role.toUpperCase()}`, password: PASSWORD },
  });
  const context = await browser.newContext({
    baseURL: it.server.url,
    viewport: DESKTOP,
    locale: 'en-US',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await signIn(page, { user, password: PASSWORD });
  const refused: string[] = [];
  const open = new Set<unknown>();
  const judge = async (response: Response | null) => {
    // A stream is answered with 200, and says at its end how it went. (The audit log tells of refusals too.)
    const isStream = response?.headers()['content-type']?.startsWith('application/connect+');
    const end = isStream ? await response?.text().catch(() => '') : '';
    const isRefused = response?.status() === 403 || end?.includes('permission_denied');
    if (response && isRefused) refused.push(new URL(response.url()).pathname);
  };
  page.on('request', (request) => {
    // The tail of the log stays open.
    if (request.url().includes('/trunkline.admin.v1.') && !request.url().includes('TailCalls')) open.add(request);
  });
  page.on('requestfailed', (request) => open.delete(request));
  page.on('requestfinished', async (request) => {
    if (open.has(request)) await judge(await request.response());
    open.delete(request);
  });
  const quiet = () => expect.poll(() => open.size).toBe(0);
  return { page, refused, quiet };
}

/** Goes to an address; over what is open or not saved by loading it, which asks nobody. */
async function open(page: Page, path: string) {
  const unsaved = page.getByRole('region', { name: 'Unsaved changes' });
  if ((await unsaved.count()) + (await over(page).count()) === 0) return visit(page, path);
  await page.goto(path);
  await settled(page);
}

/** What lies over the page, the last one on top. */
const over = (page: Page) => page.locator('[role=dialog], [role=menu]').filter({ visible: true });

const addressOf = (page: Page) => {
  const { pathname, search } = new URL(page.url());
  return pathname + search;
};

/** Clicks all buttons of a page and of what they open, one of those that differ only in whom they are for. */
async function clickAll(page: Page, path: string) {
  const tried = new Set<string>();
  const opens = (await over(page).count()) > 0; // the address itself, such as that of a drawer
  for (;;) {
    const { clicked, covered } = await clickSome(page, [...tried]);
    expect(covered, path).toEqual([]);
    for (const name of clicked) tried.add(name);
    const layers = await over(page).count();
    if (addressOf(page) !== path && layers === 0) await open(page, path);
    else if (clicked.length > 0) continue;
    else if (layers === 0) return;
    else {
      await page.keyboard.press('Escape');
      const closed = expect(over(page)).not.toHaveCount(layers, { timeout: 2_000 });
      if (!(await closed.then(() => true).catch(() => false))) await open(page, path);
      if (addressOf(page) !== path) {
        if (opens) return;
        await open(page, path);
      }
    }
  }
}

/**
 * Clicks those that were not tried before, of what lies on top, until another address is shown; gives their names, and those
 * that a mouse would not reach, because something else is where they are. Within the page: a hundred clicks from here take a minute.
 */
const clickSome = (page: Page, before: string[]) =>
  page.evaluate(async (before) => {
    const isSeen = (one: Element) =>
      one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length > 0;
    const nameOf = (one: Element) =>
      (one.getAttribute('aria-label') ?? one.textContent ?? '').split(' ').slice(0, 3).join(' ');
    const frames = async (n: number) => {
      for (let frame = 0; frame < n; frame++) await new Promise(requestAnimationFrame);
    };
    const isReached = (one: Element) => {
      const { left, top, width, height } = one.getBoundingClientRect();
      return one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
    };
    /** Brings it into sight. What opens is placed a moment later, and notifications go. */
    const reach = async (one: Element) => {
      for (const block of ['nearest', 'center', 'end', 'start'] as const) {
        for (let patience = 0; patience < 6 && one.isConnected; patience++) {
          if (isReached(one)) return true;
          await frames(1);
        }
        one.scrollIntoView({ block, inline: 'nearest' });
      }
      return !one.isConnected || isReached(one);
    };
    const clicked: string[] = [];
    const covered: string[] = [];
    const tried = new Set(before);
    const { href } = location;
    while (location.href === href) {
      const area = [...document.querySelectorAll('[role=dialog], [role=menu]')].filter(isSeen).at(-1);
      const all = [
        ...((area ?? document.querySelector('main'))?.querySelectorAll('button:enabled, [role=menuitem]') ?? []),
      ];
      const next = all.find((one) => isSeen(one) && !tried.has(nameOf(one)));
      if (!next) break;
      const name = nameOf(next);
      tried.add(name);
      clicked.push(name);
      for (const note of document.querySelectorAll('.mantine-Notification-closeButton')) (note as HTMLElement).click();
      if (!(await reach(next))) covered.push(name);
      (next as HTMLElement).click();
      await frames(3); // what it opens is there
    }
    return { clicked, covered };
  }, before);
