import type { Page } from '@playwright/test';
import { expect, settled } from './fixture';

/** An answer of the admin API as it came over the wire, headers included, and how it was asked for. */
export type Answer = { method: string; bytes: number; ms: number; url: string; verb: string; body: string | null };
export type Load = { ready: number; answers: Answer[] };

export const sum = (answers: Answer[]) => answers.reduce((total, answer) => total + answer.bytes, 0);
const methodOf = (url: string) => url.replace(/^.*\/trunkline\.admin\.v1\./, '').replace(/\?.*/, '');

/** Notes the answers of the admin API to a page as they arrive. */
export async function watch(page: Page): Promise<Answer[]> {
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
  return answers;
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

/** Opens an address again, with what the browser keeps of the console, and says when it was ready. */
export async function load(page: Page, path: string, act?: (page: Page) => Promise<void>): Promise<Load> {
  await page.goto(path);
  await settled(page);
  const answers = await watch(page);
  await page.goto(path);
  await settled(page);
  await expect.poll(() => page.evaluate(() => (window as Marked).__ready)).toBeGreaterThan(0);
  let ready = (await page.evaluate(() => (window as Marked).__ready)) ?? 0;
  if (act) {
    const began = Date.now();
    await act(page);
    ready = Date.now() - began;
  }
  await page.waitForTimeout(1000); // what comes after the first sight belongs to the first load too
  return { ready, answers: [...answers] };
}

/** How long the control plane takes for the slowest of the answers: each alone, the median of five. */
export async function slowest(page: Page, answers: Answer[]): Promise<{ method: string; ms: number }> {
  let most = { method: '', ms: 0 };
  for (const { method, url, verb, body } of answers) {
    const ms = await page.evaluate(
      async ([address, how, text]) => {
        const times: number[] = [];
        for (let i = 0; i < 5; i++) {
          const began = performance.now();
          const headers = { 'Content-Type': 'application/json', 'Connect-Protocol-Version': '1' };
          const answer = await fetch(
            address ?? '',
            how === 'GET' ? { cache: 'no-store' } : { method: 'POST', headers, body: text },
          );
          await answer.arrayBuffer();
          times.push(performance.now() - began);
        }
        return times.sort((a, b) => a - b)[2] ?? 0;
      },
      [url, verb, body],
    );
    if (ms > most.ms) most = { method, ms };
  }
  return most;
}

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
