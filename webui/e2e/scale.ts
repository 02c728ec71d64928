import { readdirSync, readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect } from './fixture';

/** An answer of the admin API as it came over the wire, headers included, and how it was asked for. */
export type Answer = { method: string; bytes: number; ms: number; url: string; verb: string; body: string | null };
/** How long a page took until it was ready, and of that the processor time of its main thread; in milliseconds. */
export type Load = { ready: number; browser: number; answers: Answer[] };

export const sum = (answers: Answer[]) => answers.reduce((total, answer) => total + answer.bytes, 0);
const methodOf = (url: string) => url.replace(/^.*\/trunkline\.admin\.v1\./, '').replace(/\?.*/, '');

/** Notes the answers of the admin API to a page as they arrive, until it is stopped: each watcher slows the page down a little. */
export async function watch(page: Page): Promise<{ answers: Answer[]; stop: () => Promise<void> }> {
  const answers: Answer[] = [];
  const asked = new Map<string, { url: string; verb: string; body: string | null; at: number }>();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.requestWillBeSent', ({ requestId, request, timestamp }) =>
    asked.set(requestId, { url: request.url, verb: request.method, body: request.postData ?? null, at: timestamp }),
  );
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength: bytes, timestamp }) => {
    const ask = asked.get(requestId);
    if (!ask?.url.includes('/trunkline.admin.v1.')) return;
    const { at, ...rest } = ask;
    answers.push({ ...rest, method: methodOf(ask.url), bytes, ms: (timestamp - at) * 1000 });
  });
  return { answers, stop: () => session.detach() };
}

type Marked = { __ready?: number };

/** Notes in the page when its heading stands, nothing on it loads and the main thread is free to answer a click. */
export const markReady = (page: Page) =>
  page.addInitScript(() => {
    const isSettled = () => document.querySelector('h1') && !document.querySelector('[aria-busy=true]');
    let waits = false;
    const look = () => {
      if (waits) return;
      if (!isSettled()) {
        (window as Marked).__ready = undefined;
        return;
      }
      if ((window as Marked).__ready !== undefined) return;
      waits = true;
      requestAnimationFrame(() =>
        setTimeout(() => {
          waits = false;
          if (isSettled()) (window as Marked).__ready = performance.now();
          else look();
        }),
      );
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
  });

/** As in fixture.ts, however busy the machine is. */
async function settled(page: Page) {
  const timeout = 120_000;
  await expect(page.locator('h1').first()).toBeVisible({ timeout });
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0, { timeout });
}

/** Opens an address again, with what the browser keeps of the console, and says when it was ready. */
export async function load(page: Page, path: string, act?: (page: Page) => Promise<void>): Promise<Load> {
  await page.goto(path);
  await settled(page);
  const { answers, stop } = await watch(page);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1000;
  };
  const before = await spent();
  await page.goto(path);
  await settled(page);
  const after = await spent();
  const browser = after < before ? after : after - before; // it begins again with another process
  await expect.poll(() => page.evaluate(() => (window as Marked).__ready)).toBeGreaterThan(0);
  let ready = (await page.evaluate(() => (window as Marked).__ready)) ?? 0;
  if (act) {
    const began = Date.now();
    await act(page);
    ready = Date.now() - began;
  }
  await page.waitForTimeout(1000); // what comes after the first sight belongs to the first load too
  await Promise.all([stop(), session.detach()]);
  return { ready, browser, answers };
}

/** What the answers to a load take of the processors, in milliseconds: each alone, the mean of three. */
export type Cost = { plane: number; database: number; most: { method: string; ms: number } };

/** Asks for answers again and reads what that takes of the processors, of a control plane and of a database (0: none). */
export async function costOf(page: Page, answers: Answer[], plane: number, database: number): Promise<Cost> {
  const cost: Cost = { plane: 0, database: 0, most: { method: '', ms: 0 } };
  for (const answer of answers) {
    await again(page, answer); // what is prepared once is not counted
    const before = [cpuTimes(plane), cpuTimes(database)] as const;
    for (let i = 0; i < 3; i++) await again(page, answer);
    const [ofPlane, ofDatabase] = [spentSince(before[0], plane) / 3, spentSince(before[1], database) / 3];
    cost.plane += ofPlane;
    cost.database += ofDatabase;
    if (ofPlane + ofDatabase > cost.most.ms) cost.most = { method: answer.method, ms: ofPlane + ofDatabase };
  }
  return cost;
}

const again = (page: Page, { url, verb, body }: Answer) =>
  page.evaluate(
    async ([address, how, text]) => {
      const headers = { 'Content-Type': 'application/json', 'Connect-Protocol-Version': '1' };
      const answer = await fetch(
        address ?? '',
        how === 'GET' ? { cache: 'no-store' } : { method: 'POST', headers, body: text },
      );
      await answer.arrayBuffer();
    },
    [url, verb, body],
  );

/** Processor time of a process and of each of its children, in milliseconds. */
function cpuTimes(pid: number): Map<number, number> {
  const times = new Map<number, number>();
  for (const one of pid === 0 ? [] : [pid, ...childrenOf(pid)]) {
    try {
      const tasks = readdirSync(`/proc/${one}/task`).map((task) => `/proc/${one}/task/${task}/schedstat`);
      times.set(
        one,
        tasks.reduce((sum, file) => sum + Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6, 0),
      );
    } catch {
      // it has ended
    }
  }
  return times;
}

/** What a process and its children took since then; those that have ended meanwhile are not counted. */
function spentSince(before: Map<number, number>, pid: number): number {
  let sum = 0;
  for (const [one, ms] of cpuTimes(pid)) sum += ms - (before.get(one) ?? 0);
  return sum;
}

const childrenOf = (pid: number) =>
  readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );

/** All that is read again, once: times differ between reads of the same, so a method counts with its largest answers. */
export function refreshOf(answers: Answer[], first: Answer[]): Answer[] {
  const queries = new Map<string, number>();
  for (const { method } of first) queries.set(method, (queries.get(method) ?? 0) + 1);
  return [...queries].flatMap(([method, times]) =>
    answers
      .filter((answer) => answer.method === method)
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, times),
  );
}
