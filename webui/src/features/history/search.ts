import { type Search, texts } from '@/ui/search';

/** What the history's address holds: the revision that is open, and the one it is compared with. */
export const historySearch = (s: Search) => texts(s, 'revision', 'with');
