/** From best to worst. Unserved: a group that no member can answer. Unknown: no node is connected that could tell. */
export type HealthState = 'healthy' | 'degraded' | 'probing' | 'cooling' | 'unserved' | 'disabled' | 'unknown';

export type Health = {
  state: HealthState;
  /** End of the cooldown in ms since 1970; 0 when there is none. */
  until: number;
  /** Outcome that opened the cooldown; empty when there is none. */
  reason: string;
  /** Failures within the window, on the node that has most of them. */
  failures: number;
  /** Failures that open a cooldown; 0 when no node says. */
  threshold: number;
  /** On how many nodes it stands like this, and how many were asked. */
  nodes: number;
  of: number;
};

/** Outcomes that time alone does not heal: someone has to look. */
const NEEDS_HELP = new Set([
  'auth_failed',
  'quota_exhausted',
  'blocked_address',
  'tls_error',
  'model_not_found',
  'unsupported',
]);
export const needsHelp = (h: Health) => h.state === 'cooling' && NEEDS_HELP.has(h.reason);
