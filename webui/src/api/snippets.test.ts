import { expect, test } from 'vitest';
import { callSnippets, clientSnippets, curlSnippet } from './snippets';

const target = { gateway: 'https://gw.example', group: `it's "gpt"` };

test('names are quoted for the place they stand in', () => {
  expect(curlSnippet(target.gateway, target.group)).toContain(`"model": "it'\\''s \\"gpt\\""`);
  const byId = Object.fromEntries(callSnippets(target).map((s) => [s.id, s.code]));
  expect(byId.python).toContain(`model="it's \\"gpt\\"",`);
  expect(byId.node).toContain(`model: "it's \\"gpt\\"",`);
  expect(byId.env).toContain(`OPENAI_MODEL='it'\\''s "gpt"'`);
});

test('without a key it is read from the environment, with one it is there', () => {
  const without = callSnippets(target).map((s) => s.code);
  expect(without[0]).toContain('"Authorization: Bearer $TRUNKLINE_KEY"');
  expect(without[1]).toContain('os.environ["TRUNKLINE_KEY"]');
  for (const { code } of [...callSnippets({ ...target, key: 'sk-1' }), ...clientSnippets({ ...target, key: 'sk-1' })]) {
    expect(code).toContain('sk-1');
    expect(code).toContain('https://gw.example');
  }
});
