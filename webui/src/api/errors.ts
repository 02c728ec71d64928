import { Code, ConnectError } from '@connectrpc/connect';
import type { PlainKey } from '@/i18n';

export type Problem = {
  /** What to tell the person. */
  message: PlainKey;
  /** The code's name, for support. */
  code: string;
  /** What the server said; empty when it did not answer, or hides what happened. */
  detail: string;
  /** To find the request in the server's log; empty when unknown. */
  requestId: string;
};

/** Turns whatever was thrown into something that can be shown. */
export function problemOf(error: unknown): Problem {
  const e = ConnectError.from(error);
  return {
    message: isSilent(e) ? 'error.unreachable' : (sentences[e.code] ?? 'error.unknown'),
    code: Code[e.code].replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase(),
    detail: isSilent(e) || e.code === Code.Internal ? '' : e.rawMessage,
    requestId: e.metadata.get('x-request-id') ?? '',
  };
}

const sentences: Partial<Record<Code, PlainKey>> = {
  [Code.InvalidArgument]: 'error.invalid',
  [Code.AlreadyExists]: 'error.exists',
  [Code.FailedPrecondition]: 'error.precondition',
  [Code.Aborted]: 'error.conflict',
  [Code.Unauthenticated]: 'error.unauthenticated',
  [Code.PermissionDenied]: 'error.denied',
  [Code.NotFound]: 'error.notFound',
  [Code.ResourceExhausted]: 'error.throttled',
  [Code.DeadlineExceeded]: 'error.unreachable',
  [Code.Internal]: 'error.internal',
  [Code.Unavailable]: 'error.unavailable',
  [Code.Unimplemented]: 'error.unimplemented',
};

/** Nothing answered, or a proxy answered for it: fetch's own failures arrive as Unknown with a TypeError. */
export function isUnreachable(e: ConnectError): boolean {
  return e.code === Code.Unavailable || (e.code === Code.Unknown && e.cause instanceof TypeError);
}

/** Nothing says why: what the control plane itself finds unavailable, a provider or its database, it names. */
const isSilent = (e: ConnectError) =>
  isUnreachable(e) && (e.code !== Code.Unavailable || /^HTTP \d+$/.test(e.rawMessage));

export const isSignedOut = (error: unknown) => ConnectError.from(error).code === Code.Unauthenticated;

/** Someone else changed the same thing first. */
export const isConflict = (error: unknown) => ConnectError.from(error).code === Code.Aborted;

export const isMissing = (error: unknown) => ConnectError.from(error).code === Code.NotFound;

/** Seconds to wait before the next try, as a refusal names them; 0 when it names none. */
export function retryAfterSeconds(error: unknown): number {
  const value = Number(ConnectError.from(error).metadata.get('retry-after'));
  return Number.isFinite(value) && value > 0 ? Math.min(Math.ceil(value), 3600) : 0;
}
