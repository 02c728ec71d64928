import { type Search, texts } from '@/ui/search';

/** What the keys' address holds. */
export const keysSearch = (s: Search) => texts(s, 'q');
