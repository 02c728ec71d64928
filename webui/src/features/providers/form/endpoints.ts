import type { Endpoint } from '@/gen/trunkline/admin/v1/provider_pb';

/** The APIs that a provider may have; the first four are conversations. */
export const APIS = [
  'chat',
  'responses',
  'messages',
  'gemini',
  'completions',
  'embeddings',
  'moderations',
  'images',
  'audio',
  'rerank',
  'models',
] as const;

/** The ways in which a provider takes its credential. */
export const AUTHS = ['bearer', 'x-api-key', 'api-key', 'x-goog-api-key'] as const;

/** How one API is reached; what is empty is as the provider has it. */
export type EndpointValues = {
  /** Identity in the list while it is edited. */
  key: string;
  api: string;
  baseUrl: string;
  path: string;
  query: string;
  auth: string;
  format: string;
};

/** Vendors' own ways to say what an API says, by API. */
export const FORMATS: Record<string, readonly string[]> = { rerank: ['cohere_v2'], embeddings: ['cohere_v2'] };

export const newEndpoint = (key: string, api: string): EndpointValues => ({
  key,
  api,
  baseUrl: '',
  path: '',
  query: '',
  auth: '',
  format: '',
});

type Said = Omit<EndpointValues, 'key'>;

export const endpointValues = (all: readonly (Said | Endpoint)[]): EndpointValues[] =>
  all.map(({ api, baseUrl, path, query, auth, format }) => ({ key: api, api, baseUrl, path, query, auth, format }));

/** The endpoints as they are sent. */
export const endpointsOf = (all: readonly EndpointValues[]): Said[] =>
  all.map(({ api, baseUrl, path, query, auth, format }) => ({
    api,
    baseUrl: baseUrl.trim(),
    path: path.trim(),
    query: query.trim().replace(/^\?/, ''),
    auth,
    format: FORMATS[api]?.includes(format) ? format : '',
  }));

/** One endpoint in a line: its API and what differs. */
export const endpointText = ({ api, baseUrl, path, query, auth, format }: Said) =>
  [api, baseUrl, path, query, auth, format].filter(Boolean).join(' ');
