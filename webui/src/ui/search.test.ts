import { expect, test } from 'vitest';
import { choice, flag, texts } from './search';

test('takes the named parameters as text and nothing else', () => {
  expect(texts({ group: 4, q: '', other: 'x', key: ['a'] }, 'group', 'q', 'key')).toEqual({ group: '4' });
});

test.each([
  [{ tab: 'models' }, { tab: 'models' }],
  [{ tab: 'nonsense' }, {}],
  [{}, {}],
])('of %j a choice is %j', (search, wanted) => expect(choice(search, 'tab', ['models', 'health'])).toEqual(wanted));

test.each([
  [{ new: true }, { new: true }],
  [{ new: '' }, { new: true }],
  [{ new: 'no' }, {}],
  [{}, {}],
])('of %j a flag is %j', (search, wanted) => expect(flag(search, 'new')).toEqual(wanted));
