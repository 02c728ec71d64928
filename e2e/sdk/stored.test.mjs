// Stored responses, with the official SDK of OpenAI for Node: TRUNKLINE_URL and TRUNKLINE_KEY.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI, { BadRequestError, NotFoundError } from 'openai';

const client = new OpenAI({ baseURL: `${process.env.TRUNKLINE_URL}/v1`, apiKey: process.env.TRUNKLINE_KEY, maxRetries: 0 });
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

test('a stored response is found through every node', async () => {
  const made = await client.responses.create({ model: 'first-500', input: 'Say hello.' });
  for (let i = 0; i < 4; i++) assert.deepEqual(await client.responses.retrieve(made.id), made);
  const items = await client.responses.inputItems.list(made.id, { order: 'asc' });
  assert.equal(items.data[0].content[0].text, 'Say hello.');
  for (let i = 0; i < 4; i++) {
    const next = await client.responses.create({ model: 'plain', input: 'And again.', previous_response_id: made.id });
    assert.equal(next.previous_response_id, made.id);
    assert.match(next.output_text, /^Hello!/);
  }
  const stream = client.responses.stream({ model: 'plain', input: 'Say hello.', previous_response_id: made.id });
  const final = await stream.finalResponse();
  assert.equal((await client.responses.retrieve(final.id)).output_text, final.output_text);
  let last = '';
  for await (const event of await client.responses.retrieve(final.id, { stream: true, starting_after: 4 })) {
    assert.ok(event.sequence_number > 4);
    last = event.type;
  }
  assert.equal(last, 'response.completed');
  await client.responses.delete(made.id);
  await assert.rejects(client.responses.retrieve(made.id), NotFoundError);
  await assert.rejects(client.responses.create({ model: 'plain', input: 'x', previous_response_id: made.id }), BadRequestError);
  await assert.rejects(client.responses.retrieve('resp_00112233445566778899'), NotFoundError);
});

test('a response in the background is polled to its end', async () => {
  let got = await client.responses.create({ model: 'later', input: 'Say hello.', background: true });
  assert.equal(got.status, 'queued');
  for (let i = 0; i < 200 && (got.status === 'queued' || got.status === 'in_progress'); i++) {
    await wait(50);
    got = await client.responses.retrieve(got.id);
  }
  assert.equal(got.status, 'completed');
  assert.match(got.output_text, /^Hello!/);
});

test('a response in the background is cancelled', async () => {
  const got = await client.responses.create({ model: 'never', input: 'Say hello.', background: true });
  assert.equal((await client.responses.cancel(got.id)).status, 'cancelled');
  assert.equal((await client.responses.retrieve(got.id)).status, 'cancelled');
});
