import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from '@playwright/test';

/** What came; a body that is no JSON is {}. */
export type Received = { path: string; headers: IncomingHttpHeaders; text: string; body: Record<string, unknown> };
/** What is answered: JSON, a text of some type, or where to go. */
type Answer = { status?: number; json?: unknown; text?: string; type?: string; location?: string };

/**
 * A server of somebody else for all tests of a file: a provider, a receiver of alerts, an issuer of tokens. Call it at the top
 * of a spec; its address is known from the first beforeAll() on that stands below.
 */
export function useUpstream(answer: (received: Received) => Answer) {
  const server = createServer(async (req, res) => {
    let sent = '';
    for await (const piece of req) sent += piece;
    const received = { path: req.url ?? '', headers: req.headers, text: sent, body: parsed(sent) };
    const { status = 200, json, text, type = 'application/json', location } = answer(received);
    res.writeHead(location ? 302 : status, { 'Content-Type': type, ...(location && { Location: location }) });
    res.end(text ?? (json === undefined ? '' : JSON.stringify(json)));
  });
  test.beforeAll(() => new Promise<void>((done) => server.listen(0, '127.0.0.1', done)));
  test.afterAll(() => void server.close());
  return {
    get url() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
  };
}

function parsed(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
