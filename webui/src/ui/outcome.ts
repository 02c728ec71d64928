import type { PlainKey } from '@/i18n';

const keys: Record<string, PlainKey> = {
  ok: 'outcome.ok',
  unreachable: 'outcome.unreachable',
  dns_error: 'outcome.dns_error',
  tls_error: 'outcome.tls_error',
  blocked_address: 'outcome.blocked_address',
  connect_timeout: 'outcome.connect_timeout',
  connection_reset: 'outcome.connection_reset',
  write_timeout: 'outcome.write_timeout',
  first_token_timeout: 'outcome.first_token_timeout',
  response_timeout: 'outcome.response_timeout',
  deadline_exceeded: 'outcome.deadline_exceeded',
  caller_deadline: 'outcome.caller_deadline',
  bad_request: 'outcome.bad_request',
  context_length: 'outcome.context_length',
  content_policy: 'outcome.content_policy',
  auth_failed: 'outcome.auth_failed',
  quota_exhausted: 'outcome.quota_exhausted',
  model_not_found: 'outcome.model_not_found',
  not_found: 'outcome.not_found',
  upstream_timeout: 'outcome.upstream_timeout',
  conflict: 'outcome.conflict',
  unsupported: 'outcome.unsupported',
  rate_limited: 'outcome.rate_limited',
  busy: 'outcome.busy',
  server_error: 'outcome.server_error',
  overloaded: 'outcome.overloaded',
  failure_keyword: 'outcome.failure_keyword',
  bad_body: 'outcome.bad_body',
  truncated: 'outcome.truncated',
  empty_stream: 'outcome.empty_stream',
  stream_cut: 'outcome.stream_cut',
  stream_idle: 'outcome.stream_idle',
  stream_error: 'outcome.stream_error',
  too_large: 'outcome.too_large',
  client_closed: 'outcome.client_closed',
  slow_client: 'outcome.slow_client',
  gateway_busy: 'outcome.gateway_busy',
  target_busy: 'outcome.target_busy',
  no_candidate: 'outcome.no_candidate',
  unauthorized: 'outcome.unauthorized',
  model_unknown: 'outcome.model_unknown',
  invalid_request: 'outcome.invalid_request',
  key_limited: 'outcome.key_limited',
  key_budget: 'outcome.key_budget',
  key_address: 'outcome.key_address',
  key_revoked: 'outcome.key_revoked',
};

/** Every outcome a call may have, in the order of the gateway's own table. */
export const OUTCOMES = Object.keys(keys);

/** The words for an outcome; a node newer than this console may know others. */
export const outcomeKey = (outcome: string): PlainKey =>
  (Object.hasOwn(keys, outcome) && keys[outcome]) || 'outcome.other';

export type Tone = 'ok' | 'warn' | 'bad' | 'mute';

const CALLERS = new Set([
  'bad_request',
  'context_length',
  'content_policy',
  'not_found',
  'conflict',
  'caller_deadline',
  'client_closed',
  'slow_client',
  'unauthorized',
  'model_unknown',
  'invalid_request',
  'key_limited',
  'key_budget',
  'key_address',
  'key_revoked',
]);

/** Red is for what the gateway or a provider failed at; what a caller caused is amber. */
export function outcomeTone(outcome: string): Tone {
  if (outcome === 'ok') return 'ok';
  if (outcome === 'client_closed' || outcome === 'slow_client') return 'mute';
  return CALLERS.has(outcome) ? 'warn' : 'bad';
}
