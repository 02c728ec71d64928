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

/** Two alerts that fire. */
export const FIRING = [
  {
    id: '1',
    event: 'cooldown',
    state: 'ALERT_STATE_FIRING',
    summary: 'openrouter/gpt-5.2-mini is cooling down on 2 of 3 nodes: rate_limited',
    startTime: ago(4),
  },
  {
    id: '2',
    event: 'budget',
    state: 'ALERT_STATE_FIRING',
    summary: 'API key support-bot has spent 80 % of its budget of 50 USD a month',
    startTime: ago(200),
  },
];
