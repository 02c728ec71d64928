import { expect, test } from 'vitest';
import { added, inOrder, isShared, levelOf, type MemberDraft, moved, normal, tie } from './memberOrder';

const member = (provider: string, priority: number): MemberDraft => ({
  provider,
  model: 'm',
  priority,
  weight: 1,
  enabled: true,
});
/** a1 b2 b2: name and priority of each. */
const list = (text: string) => text.split(' ').map((word) => member(word.slice(0, 1), Number(word.slice(1))));
const text = (members: readonly MemberDraft[]) => members.map((m) => `${m.provider}${m.priority}`).join(' ');

/** Moves the one at from to the place to, as a drop does. */
function drop(before: string, from: number, to: number): string {
  const items = list(before);
  const [one] = items.splice(from, 1);
  if (!one) throw new Error('nothing there');
  items.splice(to, 0, one);
  return text(moved(items, one));
}

test.each([
  ['a1 b2 c3', 2, 0, 'c1 a2 b3'],
  ['a1 b2 c3', 0, 1, 'b1 a2 c3'],
  // What others share they go on sharing.
  ['a1 b1 c2', 2, 0, 'c1 a2 b2'],
  // One that leaves its equals has a priority of its own.
  ['a1 b1 c2', 1, 2, 'a1 c2 b3'],
  ['a1 b1 c2', 1, 0, 'b1 a2 c3'],
  // One that comes between equals is their equal.
  ['a1 b2 c2', 0, 1, 'b1 a1 c1'],
  // Numbers are made small and whole again.
  ['a10 b20 c30', 1, 0, 'b1 a2 c3'],
])('%s: the one at %i to %i', (before, from, to, after) => expect(drop(before, from, to)).toBe(after));

test('a priority is shared with the one above, and given up again', () => {
  const tied = tie(list('a1 b2 c3'), 1, true);
  expect(text(tied)).toBe('a1 b1 c2');
  expect(text(tie(tied, 1, false))).toBe('a1 b2 c3');
  expect(text(tie(list('a1 b2 c2'), 1, true))).toBe('a1 b1 c1');
});

test('places, equals and new ones', () => {
  const members = list('a5 b5 c9');
  expect(members.map((_, i) => levelOf(members, i))).toEqual([1, 1, 2]);
  expect(members.map((_, i) => isShared(members, i))).toEqual([true, true, false]);
  expect(text(added(members, [{ provider: 'd', model: 'm' }]))).toBe('a5 b5 c9 d10');
  expect(text(added([], [{ provider: 'd', model: 'm' }]))).toBe('d1');
  expect(text(inOrder(list('a3 b1 c3')))).toBe('b1 a3 c3');
  expect(text(normal(list('a0 b0 c7')))).toBe('a1 b1 c2');
});
