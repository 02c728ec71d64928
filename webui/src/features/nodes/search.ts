import { flag, type Search, texts } from '@/ui/search';

/** What the nodes' address holds: the node that is open, and whether one is being added. */
export const nodesSearch = (s: Search) => ({ ...texts(s, 'node'), ...flag(s, 'add') });
