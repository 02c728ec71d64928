import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { ModelSchema } from '@/gen/trunkline/admin/v1/provider_pb';
import { documentOf, EMPTY, edit, idsOf, newModel, remove, rowsOf, valuesOf } from './draft';

const models = [
  create(ModelSchema, {
    id: 'a',
    alias: 'x',
    contextWindow: 128_000n,
    maxOutputTokens: 4000n,
    price: { input: '1', cacheWrite: '1.25' },
  }),
  create(ModelSchema, { id: 'b' }),
];
const [a, b] = models.map(valuesOf) as [ReturnType<typeof valuesOf>, ReturnType<typeof valuesOf>];

test('an edit is sent with everything else as it is', () => {
  const draft = edit(EMPTY, models, { ...b, alias: ' short ', contextWindow: 8000, maxOutputTokens: 90 });
  expect(documentOf(models, draft)).toEqual([
    {
      id: 'a',
      alias: 'x',
      contextWindow: 128_000n,
      maxOutputTokens: 4000n,
      price: { ...a.price, input: '1', cacheWrite: '1.25', output: '', tiers: [] },
      fieldRules: [],
    },
    { id: 'b', alias: 'short', contextWindow: 8000n, maxOutputTokens: 90n, price: undefined, fieldRules: [] },
  ]);
});

test('tiers and rare prices stay when something else is edited', () => {
  const tiered = create(ModelSchema, {
    id: 't',
    price: {
      input: '3',
      perSecond: '0.0001',
      tiers: [{ aboveInputTokens: 200_000n, serviceTier: 'flex', output: '22.5' }],
    },
  });
  const draft = edit(EMPTY, [tiered], { ...valuesOf(tiered), alias: 'x' });
  const [sent] = documentOf([tiered], draft);
  expect(sent?.alias).toBe('x');
  expect(create(ModelSchema, sent).price).toEqual(tiered.price);
});

test('an edit that is taken back is none', () => {
  const draft = edit(edit(EMPTY, models, { ...a, alias: 'y' }), models, a);
  expect(draft.edited.size).toBe(0);
});

test('removing an added model forgets it, removing a stored one is a change', () => {
  const added = { ...EMPTY, added: [newModel('c')] };
  expect(remove(added, new Set(['c']))).toEqual(EMPTY);
  const draft = remove(added, new Set(['a']));
  expect(documentOf(models, draft).map((m) => m.id)).toEqual(['b', 'c']);
  expect(rowsOf(models, draft).map((row) => [row.values.id, row.isRemoved])).toEqual([
    ['c', false],
    ['a', true],
    ['b', false],
  ]);
});

test.each([
  ['a, b ,a\n\nc;d\te', ['a', 'b', 'c', 'd', 'e']],
  [' \n, ', []],
])('ids of %j', (text, ids) => expect(idsOf(text)).toEqual(ids));
