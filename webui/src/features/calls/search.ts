import { type Search, texts } from '@/ui/search';

/** What the call logs' address holds. */
export const callsSearch = (s: Search) => texts(s, 'group', 'provider', 'key', 'outcome', 'call');
