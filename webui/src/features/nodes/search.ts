import { type Search, texts } from '@/ui/search';

/** What the nodes' address holds. */
export const nodesSearch = (s: Search) => texts(s, 'node');
