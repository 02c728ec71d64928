import { choice, flag, type Search, texts } from '@/ui/search';

export const STATES = ['active', 'disabled', 'expired', 'revoked'] as const;
export type StateName = (typeof STATES)[number];

/** What the keys' address holds: what is searched for, the order, and the key that is open or being made. */
export const keysSearch = (s: Search) => ({
  ...texts(s, 'q', 'group', 'order', 'key'),
  ...choice(s, 'state', STATES),
  ...flag(s, 'new'),
});
