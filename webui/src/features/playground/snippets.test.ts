import { expect, test } from 'vitest';
import { callSnippets } from './snippets';

test('names are quoted for the place they stand in', () => {
  const all = callSnippets({ gateway: 'https://gw.example', group: `it's "gpt"` });
  const byId = Object.fromEntries(all.map((s) => [s.id, s.blocks[0]?.code]));
  expect(byId.curl).toContain(`"model": "it'\\''s \\"gpt\\""`);
  expect(byId.curl).toContain('"Authorization: Bearer $TRUNKLINE_KEY"');
  expect(byId.python).toContain(`model="it's \\"gpt\\"",`);
  expect(byId.python).toContain('os.environ["TRUNKLINE_KEY"]');
  expect(byId.node).toContain(`model: "it's \\"gpt\\"",`);
});
