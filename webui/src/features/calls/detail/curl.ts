import type { Call } from '@/gen/trunkline/admin/v1/call_pb';

const MESSAGES = [{ role: 'user', content: 'Hello' }];
/** The least that each endpoint takes, for a call whose own body is not kept. */
const BODIES: Record<string, object> = {
  '/v1/chat/completions': { messages: MESSAGES },
  '/v1/responses': { input: 'Hello' },
  '/v1/messages': { max_tokens: 256, messages: MESSAGES },
  '/v1/completions': { prompt: 'Hello' },
  '/v1/embeddings': { input: 'Hello' },
  '/v1/moderations': { input: 'Hello' },
};

/** The same call for a shell: with what the client sent when it is known, else with a short stand-in. */
export function callCurl(gateway: string, call: Call, sent?: string): string {
  const stream = call.stream ? { stream: true } : {};
  const body = sent ?? JSON.stringify({ model: call.model, ...BODIES[call.endpoint], ...stream }, null, 2);
  return [
    `curl ${gateway}${call.endpoint} \\`,
    '  -H "Authorization: Bearer $TRUNKLINE_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '${body.replaceAll("'", `'\\''`)}'`,
  ].join('\n');
}
