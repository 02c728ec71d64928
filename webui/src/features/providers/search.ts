import { type Search, texts } from '@/ui/search';

/** What the providers' address holds. */
export const providersSearch = (s: Search) => texts(s, 'q', 'provider');
