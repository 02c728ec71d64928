export type Said = Record<string, unknown>;

/** A page as it is audited and photographed: what a page adds here is looked at in every language and theme. */
export type Shot = {
  name: string;
  path: string;
  /** What to do before the picture: open a menu, choose a tab. */
  before?: (page: import('@playwright/test').Page) => Promise<void>;
  /** What the control plane is made to say, by method, out of what it says: states that the demo does not come to. */
  answers?: Record<string, (said: Said) => Said>;
  /** Methods that the control plane is made to refuse, and how. */
  fails?: Record<string, { status: number; code: string; message: string }>;
  /** Methods that it never answers. */
  never?: readonly string[];
  /** What is waited for instead of rest: for pages that do not come to it, and for what fails only after some tries. */
  waitFor?: string;
  /** Taken of an empty installation. */
  empty?: true;
  signedOut?: true;
};

export const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
/** The first of a list with more said of it. */
export const first = (list: unknown, more: (one: Said) => Said) =>
  (list as Said[]).map((one, i) => (i === 0 ? { ...one, ...more(one) } : one));

/** A node that went away. */
export const LOST = { event: 'node_lost', node: 'node-2', lastSeenTime: ago(600) };
/** All members of a group are cooling down. */
export const UNAVAILABLE = { event: 'group_unavailable', group: 'chat-default', cause: 'ALERT_CAUSE_MEMBERS_COOLING' };
/** Two alerts that fire. */
export const FIRING = [
  {
    id: '1',
    event: 'cooldown',
    state: 'ALERT_STATE_FIRING',
    provider: 'openrouter',
    model: 'gpt-5.2-mini',
    reason: 'rate_limited',
    count: 2,
    nodeCount: 3,
    startTime: ago(4),
  },
  {
    id: '2',
    event: 'budget',
    state: 'ALERT_STATE_FIRING',
    apiKey: 'support-bot',
    level: 80,
    budget: { amount: '50', period: 'month' },
    startTime: ago(200),
  },
];
