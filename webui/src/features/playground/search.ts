import { type Search, texts } from '@/ui/search';

/** What the playground's address holds. */
export const playgroundSearch = (s: Search) => texts(s, 'group');
