import { expect, test } from 'vitest';
import { isSameView, viewsOf } from './ownViews';

test('what this browser kept is read with care', () => {
  for (const bad of [undefined, null, 'x', { name: 'a' }, [null, 3, { name: '' }, { name: 'a' }, { search: {} }]]) {
    expect(viewsOf(bad)).toEqual([]);
  }
  const search = { failed: true, minMs: -4, call: 'req_1', group: 'chat', nonsense: 1 };
  expect(viewsOf([{ name: 'a', search }])).toEqual([{ name: 'a', search: { failed: true, group: 'chat' } }]);
});

test('two addresses are the same view whatever their order and the call that is open', () => {
  expect(isSameView({ failed: true, group: 'a', call: 'x' }, { group: 'a', failed: true })).toBe(true);
  expect(isSameView({ group: 'a' }, { group: 'a', failed: undefined })).toBe(true);
  expect(isSameView({ group: 'a' }, { group: 'a', failed: true })).toBe(false);
});
