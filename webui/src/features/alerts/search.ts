import { choice, flag, type Search, texts } from '@/ui/search';

export const TABS = ['active', 'channels', 'deliveries'] as const;
export type AlertsTab = (typeof TABS)[number];

/** What the address of the alerts holds: the tab, the channel that is open, and whether one is being made. */
export const alertsSearch = (s: Search) => ({
  ...choice(s, 'tab', TABS),
  ...texts(s, 'channel'),
  ...flag(s, 'new'),
  ...flag(s, 'ended'),
});
