import type { PlainKey } from '@/i18n';

const words: Record<string, PlainKey> = {
  owner: 'people.owner',
  operator: 'people.operator',
  viewer: 'people.viewer',
};

/** The word for the role of an event; one that is not known keeps its own name. */
export const roleWord = (role: string): PlainKey | undefined => words[role];
