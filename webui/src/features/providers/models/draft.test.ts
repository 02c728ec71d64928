import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { ModelSchema, ProviderSchema } from '@/gen/trunkline/admin/v1/provider_pb';
import { en } from '@/i18n/locales/en';
import { makeI18n } from '@/i18n/translate';
import {
  add,
  change,
  type Draft,
  documentOf,
  draftOf,
  idsOf,
  newModel,
  rebase,
  remove,
  rowsOf,
  valuesOf,
} from './draft';
import { modelChanges } from './modelChanges';

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

const draft = draftOf(create(ProviderSchema, { models }));
const ids = ({ models }: Draft) => models.map((model) => model.id);

test('an edit is sent with everything else as it is', () => {
  const edited = change(draft, { ...b, alias: ' short ', contextWindow: 8000, maxOutputTokens: 90 });
  expect(documentOf(edited)).toEqual([
    {
      id: 'a',
      alias: 'x',
      enabled: true,
      contextWindow: 128_000n,
      maxOutputTokens: 4000n,
      price: { ...a.price, input: '1', cacheWrite: '1.25', output: '', tiers: [] },
      fieldRules: [],
    },
    {
      id: 'b',
      alias: 'short',
      enabled: true,
      contextWindow: 8000n,
      maxOutputTokens: 90n,
      price: undefined,
      fieldRules: [],
    },
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
  const [sent] = documentOf({ models: [{ ...valuesOf(tiered), alias: 'x' }] });
  expect(sent?.alias).toBe('x');
  expect(create(ModelSchema, sent).price).toEqual(tiered.price);
});

test('an edit that is taken back is none', () => {
  expect(modelChanges(makeI18n('en', en), draft, change(change(draft, { ...a, alias: 'y' }), { ...a }))).toEqual([]);
});

test('removing an added model forgets it, removing a stored one shows that it goes', () => {
  const added = add(draft, [newModel('c')]);
  expect(ids(remove(added, new Set(['c'])))).toEqual(['a', 'b']);
  expect(rowsOf(models, remove(added, new Set(['a']))).map((row) => [row.values.id, row.isRemoved])).toEqual([
    ['c', false],
    ['a', true],
    ['b', false],
  ]);
});

test('what was changed here is kept over what others, or the save itself, made of the models', () => {
  const named = (id: string, alias: string) => ({ ...newModel(id), alias });
  const before = { models: ['a', 'b', 'c', 'd'].map(newModel) };
  const mine = { models: [newModel('a'), named('b', 'mine'), newModel('d'), newModel('e')] };
  const theirs = { models: [named('a', 'theirs'), named('b', 'theirs'), newModel('c'), newModel('f')] };
  expect(rebase(before, mine, theirs).models.map(({ id, alias }) => id + alias)).toEqual([
    'atheirs',
    'bmine',
    'f',
    'e',
  ]);
  expect(rebase(before, before, theirs)).toEqual(theirs);
  expect(ids(rebase(before, mine, before))).toEqual(['a', 'b', 'd', 'e']);
});

test.each([
  ['a, b ,a\n\nc;d\te', ['a', 'b', 'c', 'd', 'e']],
  [' \n, ', []],
])('ids of %j', (text, ids) => expect(idsOf(text)).toEqual(ids));
