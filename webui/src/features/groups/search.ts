import { choice, flag, type Search, texts } from '@/ui/search';

export const TABS = ['members', 'settings', 'policy', 'route'] as const;
export type TabName = (typeof TABS)[number];

/** What the groups' address holds: what is searched for, the open group and its view, or a new one (from: its original). */
export const groupsSearch = (s: Search) => ({
  ...texts(s, 'q', 'group', 'from'),
  ...choice(s, 'tab', TABS),
  ...flag(s, 'new'),
});
