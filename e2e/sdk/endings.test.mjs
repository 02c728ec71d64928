// How streams end, with the official SDKs for Node: of those that fail behind their first token the
// client learns the provider's reason, and no connection breaks; those that are made of a plain
// answer are streams as any other. TRUNKLINE_URL and TRUNKLINE_KEY.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import { streamText } from 'ai';
import OpenAI, { APIError } from 'openai';

const url = process.env.TRUNKLINE_URL;
const apiKey = process.env.TRUNKLINE_KEY;
const baseURL = `${url}/v1`;
const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const claude = new Anthropic({ baseURL: url, apiKey, maxRetries: 0 });
const messages = [{ role: 'user', content: 'Say hello.' }];
globalThis.AI_SDK_LOG_WARNINGS = false;

// Group by what its provider does, and what every client must be told then.
const endings = {
  'fails-late': /The server had an error while processing your request/,
  cut: /The provider's answer ended early: stream_cut/,
};

for (const [model, why] of Object.entries(endings)) {
  for (const [name, type, open] of [
    ['chat', APIError, () => openai.chat.completions.create({ model, messages, stream: true })],
    ['completions', APIError, () => openai.completions.create({ model, prompt: 'hi', stream: true })],
    ['responses', APIError, () => openai.responses.create({ model, input: 'hi', stream: true })],
    ['responses helper', APIError, () => openai.responses.stream({ model, input: 'hi' })],
    ['messages', Anthropic.APIError, () => claude.messages.create({ model, messages, max_tokens: 9, stream: true })],
    ['messages helper', Anthropic.APIError, () => claude.messages.stream({ model, messages, max_tokens: 9 })],
  ]) {
    test(`${name}: ${model}`, async () => {
      let events = 0;
      await assert.rejects(
        async () => {
          for await (const _ of await open()) events++;
        },
        (err) => err instanceof type && why.test(err.message),
      );
      assert.ok(events > 0);
    });
  }

  const ai = {
    'openai responses': createOpenAI({ baseURL, apiKey }).responses(model),
    'openai chat': createOpenAI({ baseURL, apiKey }).chat(model),
    compatible: createOpenAICompatible({ name: 'trunkline', baseURL, apiKey }).chatModel(model),
    anthropic: createAnthropic({ baseURL, apiKey }).messages(model),
  };
  for (const [name, provider] of Object.entries(ai)) {
    const run = () => {
      const errors = [];
      const onError = ({ error }) => errors.push(error.message ?? JSON.stringify(error));
      return { errors, result: streamText({ model: provider, prompt: 'hi', maxOutputTokens: 9, maxRetries: 0, onError }) };
    };
    test(`AI SDK, ${name}, textStream: ${model}`, async () => {
      const { errors, result } = run();
      let text = '';
      for await (const piece of result.textStream) text += piece;
      assert.ok(text);
      assert.equal(errors.length, 1);
      assert.match(errors[0], why);
    });
    test(`AI SDK, ${name}, toUIMessageStream: ${model}`, async () => {
      const parts = [];
      for await (const part of run().result.toUIMessageStream({ onError: (e) => e.message ?? JSON.stringify(e) })) parts.push(part);
      assert.deepEqual(
        parts.filter((p) => p.type === 'error').map((p) => why.test(p.errorText)),
        [true],
      );
      assert.equal(parts.at(-1).finishReason, 'error');
    });
  }
}

const parameters = { type: 'object', properties: { location: { type: 'string' } } };

test('a plain response as a stream', async () => {
  const stream = openai.responses.stream({ model: 'whole', input: 'hi' });
  let text = '';
  for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta;
  assert.match(text, /^Hello!/);
  assert.equal((await stream.finalResponse()).output_text, text);
  const tools = [{ type: 'function', name: 'get_weather', strict: false, parameters }];
  const final = await openai.responses.stream({ model: 'whole', input: 'hi', tools }).finalResponse();
  assert.equal(JSON.parse(final.output[0].arguments).location, 'Paris');
});

test('a plain message as a stream', async () => {
  const final = await claude.messages.stream({ model: 'whole', messages, max_tokens: 9 }).finalMessage();
  assert.match(final.content[0].text, /^Hello!/);
  assert.ok(final.usage.output_tokens > 0);
  const tools = [{ name: 'get_weather', input_schema: parameters }];
  const called = await claude.messages.stream({ model: 'whole', messages, max_tokens: 9, tools }).finalMessage();
  assert.equal(called.content[0].input.location, 'Paris');
  assert.equal(called.stop_reason, 'tool_use');
});

test('a plain answer as a stream, AI SDK', async () => {
  for (const model of [
    createOpenAI({ baseURL, apiKey }).responses('whole'),
    createOpenAI({ baseURL, apiKey }).chat('whole'),
    createAnthropic({ baseURL, apiKey }).messages('whole'),
  ]) {
    const result = streamText({ model, prompt: 'hi', maxOutputTokens: 9, maxRetries: 0 });
    assert.match(await result.text, /^Hello!/);
    assert.equal(await result.finishReason, 'stop');
  }
});
