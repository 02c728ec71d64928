import { expect, test } from 'vitest';
import { loginSearch } from './search';

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
])('does not go to %j after signing in', (next) => expect(loginSearch({ next })).toEqual({}));

test.each(['/groups', '/calls?outcome=ok', '/groups?group=%E5%AE%9F'])('goes to %s', (next) =>
  expect(loginSearch({ next })).toEqual({ next }),
);
