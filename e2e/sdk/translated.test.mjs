// The Responses API over a provider that has chat completions alone, with the official SDK for Node and
// the AI SDK. TRUNKLINE_URL and TRUNKLINE_KEY.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, streamText } from 'ai';
import OpenAI, { APIError } from 'openai';

const baseURL = `${process.env.TRUNKLINE_URL}/v1`;
const apiKey = process.env.TRUNKLINE_KEY;
const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const model = 'chat-only';
const input = [
  { role: 'developer', content: 'Be brief.' },
  { role: 'user', content: [{ type: 'input_text', text: 'Say hello.' }] },
];
const parameters = { type: 'object', properties: { location: { type: 'string' } } };
globalThis.AI_SDK_LOG_WARNINGS = false;

test('plain', async () => {
  const { data, response } = await openai.responses.create({ model, input, metadata: { a: 'b' } }).withResponse();
  assert.match(data.output_text, /^Hello!/);
  assert.equal(data.status, 'completed');
  assert.deepEqual(data.metadata, { a: 'b' });
  assert.ok(data.usage.input_tokens > 0 && data.usage.input_tokens_details.cached_tokens > 0);
  assert.match(response.headers.get('x-trunkline-translated'), /^responses -> chat/);
});

test('streamed', async () => {
  const stream = openai.responses.stream({ model, input });
  let text = '';
  for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta;
  const final = await stream.finalResponse();
  assert.match(text, /^Hello!/);
  assert.equal(final.output_text, text);
  assert.ok(final.usage.output_tokens > 0);
});

test('tools', async () => {
  const tools = [{ type: 'function', name: 'get_weather', strict: false, parameters }];
  const called = (await openai.responses.stream({ model, input, tools }).finalResponse()).output.at(-1);
  assert.equal(JSON.parse(called.arguments).location, 'Paris');
  const plain = (await openai.responses.create({ model, input, tools })).output.at(-1);
  assert.equal(plain.name, 'get_weather');
  const custom = [{ type: 'custom', name: 'run', description: 'Runs code.' }];
  const ran = (await openai.responses.stream({ model, input, tools: custom }).finalResponse()).output.at(-1);
  assert.equal(ran.type, 'custom_tool_call');
  assert.equal(ran.name, 'run');
  assert.match(ran.input, /Paris/);
  const result = [...input, called, { type: 'function_call_output', call_id: called.call_id, output: 'Sunny.' }];
  assert.match((await openai.responses.create({ model, input: result })).output_text, /^Hello!/);
});

test('what a provider of chat cannot be told', async () => {
  await assert.rejects(
    openai.responses.create({ model, input, tools: [{ type: 'file_search', vector_store_ids: ['vs_1'] }] }),
    (err) => err instanceof APIError && err.status === 400 && err.code === 'not_translatable' && /tools\.file_search/.test(err.message),
  );
});

test('a stream that fails', async () => {
  await assert.rejects(
    async () => {
      for await (const _ of openai.responses.stream({ model: 'chat-only-fails-late', input }));
    },
    (err) => err instanceof APIError && /The server had an error while processing your request/.test(err.message),
  );
});

test('AI SDK', async () => {
  const provider = createOpenAI({ baseURL, apiKey }).responses(model);
  const result = streamText({ model: provider, prompt: 'hi', maxOutputTokens: 9, maxRetries: 0 });
  assert.match(await result.text, /^Hello!/);
  assert.equal(await result.finishReason, 'stop');
  const plain = await generateText({ model: provider, prompt: 'hi', maxRetries: 0 });
  assert.match(plain.text, /^Hello!/);
  assert.ok(plain.usage.inputTokens > 0);
});
