import type { Provider } from '@/gen/trunkline/admin/v1/provider_pb';

/** Host and port of a provider's address; its dialect when it has none, as the built-in fake has. */
export function hostOf(provider: Provider): string {
  try {
    return new URL(provider.baseUrl).host;
  } catch {
    return provider.baseUrl || dialectOf(provider);
  }
}

/** The dialect; openai when the document leaves it out. */
export const dialectOf = (provider: Provider) => provider.dialect || 'openai';
