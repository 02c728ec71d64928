import type { Provider } from '@/gen/trunkline/admin/v1/provider_pb';

type Addressed = Pick<Provider, 'baseUrl' | 'dialect'>;

/** Host and port of a provider's address; its dialect when it has none, as the built-in fake has. */
export function hostOf(provider: Addressed): string {
  try {
    return new URL(provider.baseUrl).host;
  } catch {
    return provider.baseUrl || dialectOf(provider);
  }
}

/** The dialect; openai when the document leaves it out. */
export const dialectOf = (provider: Addressed) => provider.dialect || 'openai';

export const isEnabled = (thing: { enabled?: boolean }) => thing.enabled !== false;
