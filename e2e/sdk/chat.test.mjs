// The official SDK for Node against a running Trunkline: TRUNKLINE_URL and TRUNKLINE_KEY.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI, { APIError } from 'openai';

const baseURL = `${process.env.TRUNKLINE_URL}/v1`;
const client = new OpenAI({ baseURL, apiKey: process.env.TRUNKLINE_KEY, maxRetries: 0 });
const messages = [{ role: 'user', content: 'Say hello.' }];

for (const model of ['plain', 'dead-first', 'first-500', 'first-429', 'first-before-token', 'first-html', 'first-keyword']) {
  test(`chat ${model}`, async () => {
    const got = await client.chat.completions.create({ model, messages });
    assert.equal(got.model, 'ok');
    assert.ok(got.choices[0].message.content);
    assert.ok(got.usage.total_tokens > 0);
  });

  test(`stream ${model}`, async () => {
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    let text = '';
    let finish = null;
    for await (const chunk of stream) {
      // Nobody asked for usage, so every chunk has a choice.
      text += chunk.choices[0].delta.content ?? '';
      finish = chunk.choices[0].finish_reason ?? finish;
    }
    assert.ok(text);
    assert.equal(finish, 'stop');
  });
}

test('usage chunk for those who ask', async () => {
  const stream = await client.chat.completions.create({ model: 'plain', messages, stream: true, stream_options: { include_usage: true } });
  let usage;
  for await (const chunk of stream) usage = chunk.usage ?? usage;
  assert.ok(usage.total_tokens > 0);
});

test('tools', async () => {
  const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } }];
  const got = await client.chat.completions.create({ model: 'first-500', messages, tools });
  assert.equal(got.choices[0].message.tool_calls[0].function.name, 'get_weather');
  JSON.parse(got.choices[0].message.tool_calls[0].function.arguments);
  const final = await client.chat.completions.stream({ model: 'first-500', messages, tools }).finalChatCompletion();
  assert.equal(final.choices[0].message.tool_calls[0].function.name, 'get_weather');
});

test('a cut stream is an error', async () => {
  const stream = await client.chat.completions.create({ model: 'cut', messages, stream: true });
  let chunks = 0;
  await assert.rejects(async () => {
    for await (const _ of stream) chunks++;
  }, APIError);
  assert.ok(chunks > 0);
});

for (const [model, status, code] of [
  ['only-500', 503, 'upstream_error'],
  ['only-429', 429, 'rate_limit_exceeded'],
  ['only-html', 502, 'bad_upstream_body'],
  ['only-keyword', 502, 'failure_keyword'],
  ['too-long', 400, 'context_length_exceeded'],
  ['hidden', 404, 'model_not_found'],
]) {
  test(`error ${model}`, async () => {
    await assert.rejects(client.chat.completions.create({ model, messages }), (err) => {
      assert.ok(err instanceof APIError);
      assert.equal(err.status, status);
      assert.equal(err.code, code);
      assert.ok(err.requestID);
      return true;
    });
  });
}

test('error key', async () => {
  const wrong = new OpenAI({ baseURL, apiKey: 'sk-wrong-0123456789', maxRetries: 0 });
  await assert.rejects(wrong.chat.completions.create({ model: 'plain', messages }), OpenAI.AuthenticationError);
});

test('models', async () => {
  const ids = [];
  for await (const m of client.models.list()) ids.push(m.id);
  assert.ok(ids.includes('plain') && !ids.includes('hidden'));
  assert.equal((await client.models.retrieve('plain')).id, 'plain');
  await assert.rejects(client.models.retrieve('hidden'), OpenAI.NotFoundError);
});
