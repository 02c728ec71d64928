import { rangeSearch } from '@/ui/range';
import { choice, type Search, texts } from '@/ui/search';

/**
 * What the dashboard's address holds: its range and filters, whether times are those to the first
 * token (time), and whether they are compared by model (by).
 */
export const dashboardSearch = (s: Search) => ({
  ...rangeSearch(s),
  ...texts(s, 'group', 'key'),
  ...choice(s, 'time', ['first']),
  ...choice(s, 'by', ['model']),
});
