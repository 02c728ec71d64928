// The endpoints other than chat, with the official SDKs of OpenAI and Anthropic for Node:
// TRUNKLINE_URL and TRUNKLINE_KEY.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI, { APIError, toFile } from 'openai';

const url = process.env.TRUNKLINE_URL;
const apiKey = process.env.TRUNKLINE_KEY;
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const claude = new Anthropic({ baseURL: url, apiKey, maxRetries: 0 });
const ask = { max_tokens: 64, messages: [{ role: 'user', content: 'Say hello.' }] };

for (const model of ['plain', 'dead-first', 'first-500', 'first-429', 'first-html']) {
  test(`responses ${model}`, async () => {
    const got = await client.responses.create({ model, input: 'Say hello.' });
    assert.match(got.output_text, /^Hello!/);
    assert.ok(got.usage.input_tokens_details.cached_tokens > 0);
  });

  test(`responses stream ${model}`, async () => {
    const stream = client.responses.stream({ model, input: 'Say hello.' });
    let text = '';
    for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta;
    const final = await stream.finalResponse();
    assert.match(text, /^Hello!/);
    assert.equal(final.output_text, text);
  });

  test(`embeddings ${model}`, async () => {
    const got = await client.embeddings.create({ model, input: ['a', 'b'] });
    assert.equal(got.data.length, 2);
    assert.equal(got.data[0].embedding[1], -0.25);
  });

  test(`moderations ${model}`, async () => {
    assert.equal((await client.moderations.create({ model, input: 'hi' })).results[0].flagged, false);
  });

  test(`images ${model}`, async () => {
    assert.ok((await client.images.generate({ model, prompt: 'a cat' })).data[0].b64_json);
  });

  test(`speech ${model}`, async () => {
    const got = await client.audio.speech.create({ model, input: 'hi', voice: 'alloy' });
    assert.equal(got.headers.get('content-type'), 'audio/mpeg');
    assert.ok((await got.arrayBuffer()).byteLength > 1000);
  });

  test(`transcriptions ${model}`, async () => {
    const file = await toFile(Buffer.alloc(1 << 20), 'a.mp3');
    assert.match((await client.audio.transcriptions.create({ model, file })).text, /^Hello!/);
  });

  test(`transcription stream ${model}`, async () => {
    const file = await toFile(Buffer.alloc(1000), 'a.mp3');
    let text = '';
    for await (const event of await client.audio.transcriptions.create({ model, file, stream: true })) {
      if (event.type === 'transcript.text.delta') text += event.delta;
    }
    assert.match(text, /^Hello!/);
  });

  test(`messages ${model}`, async () => {
    const got = await claude.messages.create({ model, ...ask });
    assert.match(got.content[0].text, /^Hello!/);
    assert.equal(got.stop_reason, 'end_turn');
    assert.ok(got._request_id);
  });

  test(`messages stream ${model}`, async () => {
    const stream = claude.messages.stream({ model, ...ask });
    let text = '';
    stream.on('text', (piece) => {
      text += piece;
    });
    const final = await stream.finalMessage();
    assert.match(text, /^Hello!/);
    assert.equal(final.content[0].text, text);
    assert.ok(final.usage.output_tokens > 0 && final.usage.cache_read_input_tokens > 0);
  });
}

test('messages with a tool', async () => {
  const tools = [{ name: 'get_weather', input_schema: { type: 'object', properties: { location: { type: 'string' } } } }];
  const got = await claude.messages.stream({ model: 'first-500', ...ask, tools }).finalMessage();
  assert.equal(got.stop_reason, 'tool_use');
  assert.equal(got.content[0].input.location, 'Paris');
});

test('responses with a tool', async () => {
  const tools = [{ type: 'function', name: 'get_weather', strict: false, parameters: { type: 'object', properties: {} } }];
  const got = await client.responses.create({ model: 'first-500', input: 'hi', tools });
  assert.equal(got.output[0].name, 'get_weather');
});

test('tokens are counted', async () => {
  const got = await claude.messages.countTokens({ model: 'plain', messages: ask.messages });
  assert.ok(got.input_tokens > 0);
});

test('a cut response is an error', async () => {
  const stream = await client.responses.create({ model: 'cut', input: 'hi', stream: true });
  await assert.rejects(async () => {
    for await (const _ of stream);
  }, APIError);
});

test('a cut message is an error', async () => {
  await assert.rejects(claude.messages.stream({ model: 'cut', ...ask }).finalMessage(), Anthropic.APIError);
});

for (const [model, type, status] of [
  ['only-500', Anthropic.InternalServerError, 503],
  ['only-429', Anthropic.RateLimitError, 429],
  ['hidden', Anthropic.NotFoundError, 404],
]) {
  test(`messages error ${model}`, async () => {
    await assert.rejects(claude.messages.create({ model, ...ask }), (err) => {
      assert.ok(err instanceof type);
      assert.equal(err.status, status);
      assert.equal(err.error.type, 'error');
      assert.ok(err.requestID);
      return true;
    });
  });
}

test('messages with a wrong key', async () => {
  const wrong = new Anthropic({ baseURL: url, apiKey: 'sk-wrong-0123456789', maxRetries: 0 });
  await assert.rejects(wrong.messages.create({ model: 'plain', ...ask }), Anthropic.AuthenticationError);
});
