// Messages over providers of chat completions and of responses, chat completions over a provider of messages:
// with the official SDKs for Node and the AI SDK. TRUNKLINE_URL and TRUNKLINE_KEY.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { generateText, jsonSchema, streamText, tool } from 'ai';
import OpenAI from 'openai';

const url = process.env.TRUNKLINE_URL;
const apiKey = process.env.TRUNKLINE_KEY;
const anthropic = new Anthropic({ baseURL: url, apiKey, maxRetries: 0 });
const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const parameters = { type: 'object', properties: { location: { type: 'string' } } };
const ask = { max_tokens: 100, messages: [{ role: 'user', content: 'Say hello.' }] };
globalThis.AI_SDK_LOG_WARNINGS = false;

for (const model of ['chat', 'responses']) {
  test(`anthropic over ${model}`, async () => {
    const { data, response } = await anthropic.messages.create({ model, ...ask, system: 'Be brief.' }).withResponse();
    assert.match(data.content[0].text, /^Hello!/);
    assert.equal(data.stop_reason, 'end_turn');
    assert.deepEqual([data.usage.input_tokens, data.usage.cache_read_input_tokens], [16, 8]);
    assert.match(response.headers.get('x-trunkline-translated'), new RegExp(`^messages -> ${model}`));

    let text = '';
    const stream = anthropic.messages.stream({ model, ...ask }).on('text', (t) => { text += t; });
    const final = await stream.finalMessage();
    assert.match(text, /^Hello!/);
    assert.equal(final.content[0].text, text);
    assert.deepEqual([final.usage.input_tokens, final.usage.cache_read_input_tokens], [16, 8]);

    const tools = [{ name: 'get_weather', input_schema: parameters }];
    for (const called of [await anthropic.messages.create({ model, ...ask, tools }), await anthropic.messages.stream({ model, ...ask, tools }).finalMessage()]) {
      assert.equal(called.stop_reason, 'tool_use');
      const use = called.content.at(-1);
      assert.deepEqual([use.type, use.name, use.input.location], ['tool_use', 'get_weather', 'Paris']);
      const messages = [...ask.messages, { role: 'assistant', content: called.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: 'Sunny.' }] }];
      assert.match((await anthropic.messages.create({ model, max_tokens: 100, tools, messages })).content[0].text, /^Hello!/);
    }
  });

  test(`AI SDK, anthropic over ${model}`, async () => {
    const provider = createAnthropic({ baseURL: `${url}/v1`, apiKey });
    const { text, usage } = await generateText({ model: provider(model), prompt: 'hi', maxRetries: 0 });
    assert.match(text, /^Hello!/);
    assert.equal(usage.inputTokens, 24);
    const streamed = streamText({ model: provider(model), prompt: 'hi', maxRetries: 0 });
    assert.equal(await streamed.text, text);
  });
}

test('what a provider of chat cannot be told', async () => {
  await assert.rejects(
    anthropic.messages.create({ model: 'chat', ...ask, tools: [{ type: 'web_search_20250305', name: 'web_search' }] }),
    (err) => err instanceof APIError && err.status === 400 && /web_search/.test(err.message),
  );
});

test('openai over messages', async () => {
  const request = { model: 'messages', messages: [{ role: 'system', content: 'Be brief.' }, ...ask.messages] };
  const plain = await openai.chat.completions.create(request);
  assert.match(plain.choices[0].message.content, /^Hello!/);
  assert.equal(plain.choices[0].finish_reason, 'stop');
  assert.deepEqual([plain.usage.prompt_tokens, plain.usage.prompt_tokens_details.cached_tokens], [24, 8]);

  const final = await openai.chat.completions.stream({ ...request, stream_options: { include_usage: true } }).finalChatCompletion();
  assert.equal(final.choices[0].message.content, plain.choices[0].message.content);
  assert.equal(final.usage.prompt_tokens, 24);

  const tools = [{ type: 'function', function: { name: 'get_weather', parameters } }];
  for (const called of [await openai.chat.completions.create({ ...request, tools }), await openai.chat.completions.stream({ ...request, tools }).finalChatCompletion()]) {
    assert.equal(called.choices[0].finish_reason, 'tool_calls');
    const { message } = called.choices[0];
    assert.equal(JSON.parse(message.tool_calls[0].function.arguments).location, 'Paris');
    const messages = [...request.messages, message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'Sunny.' }];
    assert.match((await openai.chat.completions.create({ model: 'messages', tools, messages })).choices[0].message.content, /^Hello!/);
  }
});

test('AI SDK, chat over messages', async () => {
  const provider = createOpenAICompatible({ name: 'trunkline', baseURL: `${url}/v1`, apiKey, includeUsage: true });
  const tools = { get_weather: tool({ inputSchema: jsonSchema(parameters), execute: async () => 'Sunny.' }) };
  const { text } = await generateText({ model: provider('messages'), prompt: 'hi', maxRetries: 0 });
  assert.match(text, /^Hello!/);
  const streamed = streamText({ model: provider('messages'), prompt: 'hi', tools, maxRetries: 0 });
  assert.equal((await streamed.toolCalls)[0].input.location, 'Paris');
  assert.equal((await streamed.usage).inputTokens, 24);
});
