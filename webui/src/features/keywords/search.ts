import { type Search, texts } from '@/ui/search';

/** What the keywords' address holds. */
export const keywordsSearch = (s: Search) => texts(s, 'q', 'keyword');
