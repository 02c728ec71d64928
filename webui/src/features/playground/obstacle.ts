/** What stands between this page and the gateway. */
export type Obstacle =
  /** The gateway answers, but does not let pages of this origin read it. */
  | { why: 'origin'; origin: string }
  /** A page that came over https may not call plain http. */
  | { why: 'mixed' }
  /** Something answers there that is no gateway. */
  | { why: 'noGateway'; status: number }
  | { why: 'unreachable' };

/**
 * Why the browser gave no answer; it never says so itself. A question whose answer nobody may read needs no
 * permission of the other side: when that works, only the permission is missing.
 */
export async function whyNot(gateway: string, signal: AbortSignal): Promise<Obstacle> {
  const { origin, protocol } = window.location;
  const to = new URL(gateway, origin);
  if (to.origin === origin) return { why: 'unreachable' };
  if (protocol === 'https:' && to.protocol === 'http:' && !/^(localhost|127\.|\[::1\])/.test(to.hostname)) {
    return { why: 'mixed' };
  }
  try {
    await fetch(`${gateway}/v1/models`, { mode: 'no-cors', credentials: 'omit', cache: 'no-store', signal });
    return { why: 'origin', origin };
  } catch {
    signal.throwIfAborted();
    return { why: 'unreachable' };
  }
}
