import { flag, type Search, texts } from '@/ui/search';

/** What the keywords' address holds: the text searched for, the order, and what is being edited. */
export const keywordsSearch = (s: Search) => ({ ...texts(s, 'q', 'order', 'keyword'), ...flag(s, 'new') });
