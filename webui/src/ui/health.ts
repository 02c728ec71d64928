import { outcomeNeedsHelp } from './outcome';

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

/** Whether time alone does not heal it: someone has to look. */
export const needsHelp = (h: Health) => h.state === 'cooling' && outcomeNeedsHelp(h.reason);
