import { type Search, texts } from '@/ui/search';

/** What the history's address holds. */
export const historySearch = (s: Search) => texts(s, 'kind', 'name', 'revision');
