// Google's official SDK for Node over a provider of each API. TRUNKLINE_URL and TRUNKLINE_KEY.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, FunctionCallingConfigMode, GoogleGenAI, Type } from '@google/genai';

const baseUrl = process.env.TRUNKLINE_URL;
const apiKey = process.env.TRUNKLINE_KEY;
const ai = new GoogleGenAI({ apiKey, httpOptions: { baseUrl, retryOptions: { attempts: 1 } } });
const contents = 'Say hello.';
const text = 'Hello! This answer comes from the scripted provider.';
const weather = {
  name: 'get_weather',
  description: 'Weather.',
  parameters: { type: Type.OBJECT, properties: { location: { type: Type.STRING, nullable: true } }, required: ['location'] },
};

for (const model of ['gemini', 'chat', 'messages', 'responses']) {
  test(`${model}: plain`, async () => {
    const got = await ai.models.generateContent({
      model,
      contents,
      config: { systemInstruction: 'Be brief.', temperature: 0.5, maxOutputTokens: 100, thinkingConfig: { includeThoughts: true } },
    });
    assert.equal(got.text, text);
    assert.equal(got.candidates[0].finishReason, 'STOP');
    assert.ok(got.usageMetadata.promptTokenCount > 0 && got.usageMetadata.candidatesTokenCount > 0 && got.usageMetadata.cachedContentTokenCount > 0);
    const translated = got.sdkHttpResponse.headers['x-trunkline-translated'];
    if (model === 'gemini') assert.equal(translated, undefined);
    else assert.match(translated, new RegExp(`^gemini -> ${model}`));
  });

  test(`${model}: streamed`, async () => {
    let said = '';
    let last;
    for await (const chunk of await ai.models.generateContentStream({ model, contents })) {
      said += chunk.text ?? '';
      last = chunk;
    }
    assert.equal(said, text);
    assert.equal(last.candidates[0].finishReason, 'STOP');
    assert.ok(last.usageMetadata.totalTokenCount > 0);
  });

  test(`${model}: tools`, async () => {
    const config = {
      tools: [{ functionDeclarations: [weather] }],
      toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ['get_weather'] } },
    };
    const chat = ai.chats.create({ model, config });
    const called = (await chat.sendMessage({ message: contents })).functionCalls[0];
    assert.equal(called.name, 'get_weather');
    assert.equal(called.args.location, 'Paris');
    const answer = { functionResponse: { id: called.id, name: called.name, response: { output: 'Sunny.' } } };
    let said = '';
    for await (const chunk of await chat.sendMessageStream({ message: [answer] })) said += chunk.text ?? '';
    assert.equal(said, text);
  });

  test(`${model}: tokens`, async () => {
    assert.ok((await ai.models.countTokens({ model, contents })).totalTokens > 0);
  });
}

test('models', async () => {
  const names = [];
  for await (const m of await ai.models.list({ config: { pageSize: 2 } })) names.push(m.name);
  assert.ok(names.includes('models/gemini') && names.length > 2);
  assert.equal((await ai.models.get({ model: 'gemini' })).displayName, 'gemini');
});

test('embeddings', async () => {
  const one = await ai.models.embedContent({ model: 'gemini', contents });
  assert.equal(one.embeddings[0].values[1], -0.25);
  const two = await ai.models.embedContent({ model: 'gemini', contents: ['a', 'b'] });
  assert.equal(two.embeddings.length, 2);
});

test('errors', async () => {
  const status = (want, pattern) => (err) => err instanceof ApiError && err.status === want && pattern.test(err.message);
  await assert.rejects(ai.models.generateContent({ model: 'nonsense', contents }), status(404, /MODEL_NOT_FOUND/));
  const other = new GoogleGenAI({ apiKey: 'sk-wrong-0123456789', httpOptions: { baseUrl, retryOptions: { attempts: 1 } } });
  await assert.rejects(other.models.generateContent({ model: 'chat', contents }), status(401, /INVALID_API_KEY/));
  await assert.rejects(
    ai.models.generateContent({ model: 'chat', contents, config: { cachedContent: 'cachedContents/1' } }),
    status(400, /NOT_TRANSLATABLE/),
  );
});

test('a stream that fails', async () => {
  let chunks = 0;
  await assert.rejects(
    async () => {
      for await (const _ of await ai.models.generateContentStream({ model: 'fails-late', contents })) chunks++;
    },
    (err) => err instanceof ApiError && err.status >= 500 && /The server had an error/.test(err.message),
  );
  assert.ok(chunks > 0);
});
