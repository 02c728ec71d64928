import type { Search } from '@/ui/search';

/** Where to go after signing in: only a path of this console, never another site. */
export function loginSearch({ next }: Search): { next?: string } {
  const isOurs = typeof next === 'string' && /^\/(?![/\\])/.test(next) && !next.startsWith('/login');
  return isOurs && next !== '/' ? { next } : {};
}
