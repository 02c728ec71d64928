import { expect, test } from 'vitest';
import { keepTyped } from './keepTyped';

const key = (name: string, secret = '') => ({ name, secret });

test.each([
  ['nothing was typed', { a: ' x ' }, { a: ' x ' }, { a: 'x' }, { a: 'x' }],
  ['another field', { a: ' x ', b: '' }, { a: ' x ', b: 'y' }, { a: 'x', b: '' }, { a: 'x', b: 'y' }],
  ['the same field', { a: 'x' }, { a: 'xy' }, { a: 'x' }, { a: 'xy' }],
  ['a field within', { p: { a: 1, b: 1 } }, { p: { a: 1, b: 2 } }, { p: { a: 9, b: 1 } }, { p: { a: 9, b: 2 } }],
  ['a field that was emptied', { a: 1 }, { a: undefined }, { a: 1 }, { a: undefined }],
  ['a field that is new', {}, { a: 1 }, {}, { a: 1 }],
  ['a line that others follow', ['a', 'b'], ['a', 'x', 'b'], ['A', 'B'], ['A', 'x', 'B']],
  ['lines that went', ['a', 'b', 'c'], ['a', 'c'], ['A', 'B', 'C'], ['A', 'C']],
  ['all lines went', ['a', 'a'], [], ['A', 'A'], []],
  ['a list that was saved otherwise', ['a', 'a'], ['a', 'a', 'b'], ['a'], ['a', 'a', 'b']],
])('%s', (_, sent, typed, saved, want) => expect(keepTyped<unknown>(sent, typed, saved)).toEqual(want));

test('a secret that was saved is typed no more, whatever else was', () => {
  const sent = [key('a', 's'), key('b')];
  const saved = [key('a'), key('b')];
  expect(keepTyped(sent, [key('a', 's'), key('b2')], saved)).toEqual([key('a'), key('b2')]);
  expect(keepTyped(sent, [key('a', 's'), key('b'), key('c', 't')], saved)).toEqual([...saved, key('c', 't')]);
});
