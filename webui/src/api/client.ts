import { QueryClient } from '@tanstack/react-query';
import { isSignedOut } from './errors';

/** How often live data is read again, in milliseconds; never in a hidden tab. */
export const LIVE = 5_000;
/** Configuration is read again when its revision changes; this is for when that news is lost. */
export const CALM = 30_000;

/** Key prefix of everything that changes only with the configuration's revision. */
export const CONFIG_KEY = ['config'] as const;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        networkMode: 'always', // a control plane on this machine needs no network
        retry: (failures, error) => failures < 1 && !isSignedOut(error),
        retryDelay: 800,
      },
      mutations: { networkMode: 'always' },
    },
  });
}
