import { expect, test } from 'vitest';
import { safeNext, texts } from './search';

test.each([
  '//evil.example',
  '/\\evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  '',
  '/login?next=/x',
  '/',
  7,
  null,
])('does not go to %j after signing in', (next) => expect(safeNext(next)).toEqual({}));
test.each(['/groups', '/calls?outcome=ok', '/groups?group=%E5%AE%9F'])('goes to %s', (next) =>
  expect(safeNext(next)).toEqual({ next }),
);

test('takes the named parameters as text and nothing else', () => {
  expect(texts({ group: 4, q: '', other: 'x', key: ['a'] }, 'group', 'q', 'key')).toEqual({ group: '4' });
});
