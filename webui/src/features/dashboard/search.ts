import { rangeSearch } from '@/ui/range';
import { type Search, texts } from '@/ui/search';

/** What the dashboard's address holds. */
export const dashboardSearch = (s: Search) => ({ ...rangeSearch(s), ...texts(s, 'group', 'key') });
