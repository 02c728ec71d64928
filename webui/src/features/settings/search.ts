import { type Search, texts } from '@/ui/search';

/** What the settings' address holds. */
export const settingsSearch = (s: Search) => texts(s, 'section');
