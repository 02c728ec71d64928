import { choice, type Search } from '@/ui/search';

export const SECTIONS = ['failover', 'data', 'rollout', 'access', 'people', 'keys', 'about'] as const;
export type Section = (typeof SECTIONS)[number];

/** What the settings' address holds: the section that is open. */
export const settingsSearch = (s: Search) => choice(s, 'section', SECTIONS);
