import { flag, type Search, texts } from '@/ui/search';

/** What the groups' address holds. */
export const groupsSearch = (s: Search) => ({ ...texts(s, 'q', 'group'), ...flag(s, 'new') });
