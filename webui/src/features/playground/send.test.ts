import { afterEach, expect, test, vi } from 'vitest';
import { partOf } from './answer';
import { type Progress, send } from './send';
import { eventsOf } from './sse';

afterEach(() => vi.unstubAllGlobals());

const bytes = (text: string) => new TextEncoder().encode(text);
const streamOf = (...chunks: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const call = {
  gateway: 'http://gw.test',
  group: 'chat',
  key: 'sk-1',
  chat: { messages: [{ role: 'user' as const, content: 'Hi' }], stream: true },
};
const head = { 'x-request-id': 'req_1', 'x-trunkline-provider': 'azure%20east', 'x-trunkline-attempts': '2' };
const answering = (body: BodyInit, type: string, status = 200, headers: Record<string, string> = head) =>
  vi.stubGlobal(
    'fetch',
    vi.fn(async () => new Response(body, { status, headers: { ...headers, 'content-type': type } })),
  );
const sent = () => all(send(call, new AbortController().signal));
const event = (text: string) => `data: {"choices":[{"delta":{"content":"${text}"}}]}\n\n`;

test('events are whole wherever the bytes are cut, whatever the ends of lines', async () => {
  const whole = bytes(': note\n\ndata: {"a":"é"}\r\n\r\nevent: x\ndata:b\ndata: c\n\ndata: last');
  for (let cut = 0; cut <= whole.length; cut++) {
    const found = await all(eventsOf(streamOf(whole.slice(0, cut), whole.slice(cut))));
    expect(found).toEqual(['{"a":"é"}', 'b\nc', 'last']);
  }
});

test.each([
  ['{"choices":[{"delta":{"content":"a"}}]}', { text: 'a' }],
  ['{"choices":[{"message":{"content":"b"},"finish_reason":"length"}]}', { text: 'b', finish: 'length' }],
  ['{"choices":[{"delta":{"reasoning_content":"hm"}}]}', { thinking: 'hm' }],
  ['{"choices":[{"message":{"content":[{"type":"text","text":"c"},{"type":"image"}]}}]}', { text: 'c' }],
  ['{"choices":[],"usage":{}}', {}],
  ['{"choices":"x"}', {}],
  ['{"error":{"message":"no","type":"server_error","code":null}}', { error: { message: 'no', code: 'server_error' } }],
  ['{"error":"plain"}', { error: { message: 'plain', code: '' } }],
])('%s says %j', (json, want) => {
  expect(partOf(json)).toEqual({ text: '', thinking: '', finish: '', error: null, ...want });
});

test.each(['', 'null', '[1]', '"x"', '<html>'])('%j says nothing', (json) => expect(partOf(json)).toBeNull());

test('a stream: who answers, its parts, and an end', async () => {
  answering(`${event('Hel')}${event('lo')}data: [DONE]\n\n`, 'text/event-stream');
  const progress = await sent();
  expect(progress[0]).toEqual({ type: 'head', id: 'req_1', provider: 'azure east', attempts: 2 });
  expect(progress.slice(1).map((p) => (p.type === 'part' ? p.text : p))).toEqual(['Hel', 'lo']);
  expect(fetch).toHaveBeenCalledWith(
    'http://gw.test/v1/chat/completions',
    expect.objectContaining({
      body: '{"model":"chat","messages":[{"role":"user","content":"Hi"}],"stream":true}',
      headers: { 'Content-Type': 'application/json', Authorization: 'Bearer sk-1' },
      credentials: 'omit',
    }),
  );
});

const failureOf = (progress: Progress[]) => {
  const last = progress.at(-1);
  return last?.type === 'failed' ? last.failure : undefined;
};

test('an error inside of a stream ends it, with what came before', async () => {
  answering(`${event('Hel')}data: {"error":{"message":"gone","code":"stream_error"}}\n\n`, 'text/event-stream');
  const progress = await sent();
  expect(progress).toHaveLength(3);
  expect(failureOf(progress)).toEqual({ kind: 'broken', error: { message: 'gone', code: 'stream_error' } });
});

test('a stream that only ends was cut', async () => {
  answering(event('Hel'), 'text/event-stream');
  expect(failureOf(await sent())).toEqual({ kind: 'cut' });
});

test('a refusal says its status, its words and when to come back', async () => {
  answering('{"error":{"message":"slow down","code":"rate_limited"}}', 'application/json', 429, {
    ...head,
    'retry-after': '7',
  });
  expect(failureOf(await sent())).toEqual({
    kind: 'refused',
    status: 429,
    error: { message: 'slow down', code: 'rate_limited' },
    retryAfter: '7',
  });
});

test('what carries no request id is no gateway', async () => {
  answering('404 page not found', 'text/plain', 404, {});
  expect(failureOf(await sent())).toEqual({ kind: 'unsent', obstacle: { why: 'noGateway', status: 404 } });
});

test.each([
  ['only the permission is missing', true, 'http://gw.test', { why: 'origin', origin: window.location.origin }],
  ['nothing is there', false, 'http://gw.test', { why: 'unreachable' }],
  ['nothing is here', true, window.location.origin, { why: 'unreachable' }],
])('no answer: %s', async (_, reachable, gateway, obstacle) => {
  vi.stubGlobal(
    'fetch',
    vi.fn(async (_url: string, init: RequestInit) => {
      if (init.mode === 'no-cors' && reachable) return new Response();
      throw new TypeError('Failed to fetch');
    }),
  );
  const progress = await all(send({ ...call, gateway }, new AbortController().signal));
  expect(failureOf(progress)).toEqual({ kind: 'unsent', obstacle });
});

test('a call that is stopped throws, and asks nothing else', async () => {
  const control = new AbortController();
  const asked = vi.fn(async () => {
    control.abort();
    throw new DOMException('stopped', 'AbortError');
  });
  vi.stubGlobal('fetch', asked);
  await expect(all(send(call, control.signal))).rejects.toThrow();
  expect(asked).toHaveBeenCalledOnce();
});
