import { flag, type Search } from '@/ui/search';

/** What the identity provider sent the browser back with, as state, code and error. */
export type Returned = { oidcState?: string; oidcCode?: string; oidcError?: string };

const text = (...values: unknown[]) => values.find((value) => typeof value === 'string');

/**
 * Where to go after signing in: only a path of this console, never another site; and whether a session ended,
 * which is said to whoever did not sign out.
 */
export function loginSearch(s: Search): { next?: string; ended?: true } & Returned {
  const [oidcState, oidcCode] = [text(s.oidcState, s.state), text(s.oidcCode, s.code)];
  const oidcError = text(s.oidcError, s.error);
  return {
    ...(isOurs(s.next) && s.next !== '/' ? { next: s.next } : {}),
    ...flag(s, 'ended'),
    ...(oidcState && oidcCode ? { oidcState, oidcCode } : {}),
    ...(oidcError ? { oidcError } : {}),
  };
}

export function isOurs(next: unknown): next is string {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) && !next.startsWith('/login');
}
