// Prints what the console moves and how long its pages take with a large configuration (large.ts):
// SCALE=1 npx playwright test scale.spec, with ONLY='/groups /keys' for those that begin so. SCALE_DAYS and SCALE_PER_HOUR say how many
// calls are made before. CONSOLE_URL is a control plane that runs already, as e2e/scale has one; CONSOLE_PID and DATABASE_PID
// are its process and that of its PostgreSQL, whose processor time is then told. REFRESHES=0 leaves out what pages read again.
import { loadavg } from 'node:os';
import type { Page } from '@playwright/test';
import { expect, settled, test, useConsole } from './fixture';
import { applyLarge, LARGE } from './large';
import { type Answer, costOf, type Load, load, markReady, refreshOf, sum, watch } from './scale';

test.skip(process.env.SCALE === undefined, 'takes minutes; set SCALE=1');

/** Most bytes of answers, headers included, that the reads which a page repeats may move together. */
const MOST = 200 * 1024;
/** Longer than the slowest of those reads waits. */
const WATCHED = 65_000;
/** So many pages are watched at once. */
const TOGETHER = 6;
/** Loads of each page; the middle one counts. */
const LOADS = 3;

/** What a page is asked to do after it stands; it is then ready when this is done. */
type Act = (page: Page) => Promise<void>;

const dryRun: Act = async (page) => {
  const form = page.getByRole('dialog');
  await form.getByRole('textbox').first().fill('overloaded');
  await form.getByRole('button', { name: 'Dry run' }).click();
  await form
    .getByText(/stored|would/i)
    .first()
    .waitFor();
  await settled(page);
};

const PAGES: { path: string; act?: Act }[] = [
  { path: '/?range=1h' },
  { path: '/' },
  { path: '/?range=7d' },
  { path: '/?range=30d' },
  { path: '/?range=30d&group=group-007' },
  { path: '/?range=30d&key=key-000007' },
  { path: '/?range=7d&by=model&time=first' },
  { path: '/calls' },
  { path: '/calls?range=30d' },
  { path: '/calls?range=30d&group=group-007&failedOver=true' },
  { path: '/calls?range=30d&provider=provider-0500&outcome=rate_limited' },
  { path: '/calls?range=30d&key=key-000007' },
  { path: '/calls?range=24h&minMs=5000' },
  { path: '/providers' },
  { path: '/providers?provider=provider-0500' },
  { path: '/providers?provider=provider-0500&tab=models' },
  { path: '/groups' },
  { path: '/groups?group=group-100' },
  { path: '/groups?group=group-100&tab=route' },
  { path: '/keys' },
  { path: '/keys?q=key-0777' },
  { path: '/keys?q=team-77' },
  { path: '/keys?key=key-050000' },
  { path: '/keys?new=true' },
  { path: '/playground' },
  { path: '/keywords' },
  { path: '/keywords?new=true' },
  { path: '/keywords?new=true#dry-run', act: dryRun },
  { path: '/alerts' },
  { path: '/nodes' },
  { path: '/nodes?node=node-100' },
  { path: '/history' },
  { path: '/history?revision=1' },
  { path: '/audit' },
  { path: '/settings' },
].filter(({ path }) => (process.env.ONLY ?? '/').split(' ').some((start) => path.startsWith(start)));

const running = process.env.CONSOLE_URL ?? '';
const plane = Number(process.env.CONSOLE_PID ?? 0);
const database = Number(process.env.DATABASE_PID ?? 0);
const it = useConsole('empty', {
  running,
  seedDays: process.env.SCALE && !running ? Number(process.env.SCALE_DAYS ?? 7) : 0,
  seedFlags: ['-large', '-per-hour', process.env.SCALE_PER_HOUR ?? '2000'],
});

const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`.padStart(11);
const ms = (n: number) => `${Math.round(n)} ms`.padStart(8);

test('pages stay quick, and a refresh small', async () => {
  test.setTimeout(3_600_000);
  const { totalSize = 0 } = await it.server.call<{ totalSize?: number }>('KeyService/ListApiKeys', { pageSize: 1 });
  if (totalSize < LARGE.keys) {
    const began = Date.now();
    await applyLarge(it.server);
    console.log(`configured in ${Date.now() - began} ms`);
  }

  await markReady(it.page);
  const loads = new Map<string, Load>();
  console.log(
    'page | moved | browser | control plane | database | sum | slowest answer | ready, of three | load average; CPU in ms',
  );
  for (const { path, act } of PAGES) {
    const all: Load[] = [];
    for (let i = 0; i < LOADS; i++) all.push(await load(it.page, path, act));
    all.sort((a, b) => a.ready - b.ready);
    const middle = all[Math.floor(LOADS / 2)] as Load;
    loads.set(path, middle);
    const cost = await costOf(it.page, middle.answers, plane, database);
    const range = `${ms(middle.ready)} (${all.map((one) => Math.round(one.ready)).join(' ')})`;
    const browser = all.map((one) => one.browser).sort((a, b) => a - b)[Math.floor(LOADS / 2)] ?? 0;
    const cpu = [browser, cost.plane, cost.database, browser + cost.plane + cost.database].map((n) => ms(n));
    const most = `${ms(cost.most.ms)} ${cost.most.method}`;
    console.log([path.padEnd(62), kib(sum(middle.answers)), ...cpu, most, range, loadavg()[0]?.toFixed(0)].join(' | '));
  }
  await it.page.close();
  if (process.env.REFRESHES === '0') return;

  const tooMuch: string[] = [];
  console.log('page | a refresh | a minute');
  for (let from = 0; from < PAGES.length; from += TOGETHER) {
    await Promise.all(
      PAGES.slice(from, from + TOGETHER).map(async ({ path, act }) => {
        const page = await it.context.newPage();
        await page.goto(path);
        await settled(page);
        await act?.(page);
        const { answers: again } = await watch(page);
        await page.waitForTimeout(WATCHED);
        await page.close();
        const first = loads.get(path)?.answers ?? [];
        const refresh = refreshOf(again, first);
        console.log([path.padEnd(62), kib(sum(refresh)), kib((sum(again) * 60_000) / WATCHED)].join(' | '));
        for (const line of large([...first, ...refresh])) console.log(line);
        if (sum(refresh) > MOST) tooMuch.push(path);
      }),
    );
  }
  expect(tooMuch).toEqual([]);
});

const large = (answers: Answer[]) =>
  new Set(answers.filter((a) => a.bytes > 20_000).map((a) => `    ${a.method} ${kib(a.bytes)} in ${ms(a.ms)}`));
