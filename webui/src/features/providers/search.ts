import { flag, type Search, texts } from '@/ui/search';

/**
 * What the providers' address holds: the list (q, order); or one provider (provider, tab), its import
 * (import), or a new one (new: name of a preset, or "choose"; from: the provider it is a copy of).
 */
export const providersSearch = (s: Search) => ({
  ...texts(s, 'q', 'order', 'provider', 'tab', 'new', 'from'),
  ...flag(s, 'import'),
});
