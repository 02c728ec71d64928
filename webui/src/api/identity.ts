import type { Interceptor } from '@connectrpc/connect';
import { reasonOf } from './violations';

/**
 * Asks the person at the browser who they are, once for all calls that wait for it. The dialog that
 * asks listens here, and settles it.
 */
export class IdentityGate {
  private waiting: ((proved: boolean) => void)[] = [];
  private readonly listeners = new Set<() => void>();

  readonly isOpen = () => this.waiting.length > 0;

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  ask(): Promise<boolean> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.tell();
    });
  }

  readonly settle = (proved: boolean) => {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve(proved);
    this.tell();
  };

  private tell() {
    for (const listener of this.listeners) listener();
  }
}

/** Repeats a call that only a recent sign-in may make, once the person has proved who they are. */
export function proveIdentity(gate: IdentityGate): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      if (reasonOf(error) !== 'REAUTHENTICATION_REQUIRED' || !(await gate.ask())) throw error;
      return next(request);
    }
  };
}
