// Prints what the console moves and how long its pages take with a large configuration (large.ts):
// SCALE=1 npx playwright test scale.spec, with ONLY=/groups for some of them. SCALE_DAYS and SCALE_PER_HOUR say how many
// calls are made before.
import type { Page } from '@playwright/test';
import { expect, settled, test, useConsole } from './fixture';
import { applyLarge } from './large';

test.skip(process.env.SCALE === undefined, 'takes minutes; set SCALE=1');

/** Most bytes of answers, headers included, that the reads which a page repeats may move together. */
const MOST = 200 * 1024;
/** Longer than the slowest of those reads waits. */
const WATCHED = 65_000;

const PAGES = [
  '/',
  '/providers',
  '/providers?provider=provider-0500',
  '/providers?provider=provider-0500&tab=models',
  '/groups',
  '/groups?group=group-100',
  '/keys',
  '/keys?key=key-050000',
  '/keys?new=true',
  '/calls',
  '/playground',
  '/keywords?new=true',
  '/nodes',
  '/history',
  '/settings',
].filter((path) => path.startsWith(process.env.ONLY ?? '/'));

const it = useConsole('empty', {
  seedDays: process.env.SCALE ? Number(process.env.SCALE_DAYS ?? 7) : 0,
  seedFlags: ['-large', '-per-hour', process.env.SCALE_PER_HOUR ?? '2000'],
});

type Answer = { url: string; bytes: number };

/** Notes the answers of the admin API to a page as they arrive, in bytes on the wire. */
async function watch(page: Page): Promise<Answer[]> {
  const answers: Answer[] = [];
  const urls = new Map<string, string>();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.requestWillBeSent', ({ requestId, request }) => urls.set(requestId, request.url));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength: bytes }) => {
    const url = urls.get(requestId);
    if (url?.includes('/trunkline.admin.v1.')) answers.push({ url, bytes });
  });
  return answers;
}

const sum = (answers: Answer[]) => answers.reduce((total, answer) => total + answer.bytes, 0);
const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`.padStart(11);
const methodOf = (url: string) => url.replace(/^.*\/trunkline\.admin\.v1\./, '').replace(/\?.*/, '');

/** All that is read again, once: times differ between reads of the same, so a method counts with its largest answers. */
function refreshOf(answers: Answer[], first: Answer[]): Answer[] {
  const queries = new Map<string, number>();
  for (const { url } of first) queries.set(methodOf(url), (queries.get(methodOf(url)) ?? 0) + 1);
  return [...queries].flatMap(([method, times]) =>
    answers
      .filter((answer) => methodOf(answer.url) === method)
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, times),
  );
}

test('pages stay quick, and a refresh small', async () => {
  test.setTimeout(1_800_000);
  const began = Date.now();
  await applyLarge(it.server);
  console.log(`configured in ${Date.now() - began} ms`);

  const loads = new Map<string, { ms: number; first: Answer[] }>();
  for (const path of PAGES) {
    await it.page.goto(path);
    await settled(it.page);
    const answers = await watch(it.page);
    const start = Date.now();
    await it.page.goto(path);
    await settled(it.page);
    const ms = Date.now() - start;
    await it.page.waitForTimeout(1000); // what comes after the first sight belongs to the first load too
    loads.set(path, { ms, first: [...answers] });
  }
  await it.page.close();

  const tooMuch: string[] = [];
  console.log('page | ready | first load | a refresh | a minute');
  await Promise.all(
    PAGES.map(async (path) => {
      const page = await it.context.newPage();
      await page.goto(path);
      await settled(page);
      const again = await watch(page);
      await page.waitForTimeout(WATCHED);
      const load = loads.get(path) ?? { ms: 0, first: [] };
      const refresh = refreshOf(again, load.first);
      const figures = [`${load.ms} ms`, kib(sum(load.first)), kib(sum(refresh)), kib((sum(again) * 60_000) / WATCHED)];
      console.log([path.padEnd(46), ...figures].join(' | '));
      const large = [...load.first, ...refresh].filter((answer) => answer.bytes > 20_000);
      for (const line of new Set(large.map((a) => `    ${methodOf(a.url)} ${kib(a.bytes)}`))) console.log(line);
      if (sum(refresh) > MOST) tooMuch.push(path);
    }),
  );
  expect(tooMuch).toEqual([]);
});
