import { type ApiError, partOf } from './answer';
import { type Obstacle, whyNot } from './obstacle';
import type { Chat } from './snippets';
import { eventsOf } from './sse';

export type Call = { gateway: string; group: string; key: string; chat: Chat };

/** Why a call did not go well. */
export type Failure =
  /** An error in place of an answer. */
  | { kind: 'refused'; status: number; error: ApiError; retryAfter: string }
  /** An error after the answer had begun. */
  | { kind: 'broken'; error: ApiError }
  /** The connection ended before the answer did. */
  | { kind: 'cut' }
  /** Nothing came back at all. */
  | { kind: 'unsent'; obstacle: Obstacle };

export type Progress =
  | { type: 'head'; id: string; provider: string; attempts: number }
  | { type: 'part'; text: string; thinking: string; finish: string }
  | { type: 'failed'; failure: Failure };

/** Sends a call as any app would, and tells what happens. It throws only when it is stopped. */
export async function* send({ gateway, group, key, chat }: Call, signal: AbortSignal): AsyncGenerator<Progress> {
  const answer = await fetch(`${gateway}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: group, ...chat }),
    credentials: 'omit', // the console's own session is none of the gateway's business
    signal,
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    return error;
  });
  if (!(answer instanceof Response)) {
    yield { type: 'failed', failure: { kind: 'unsent', obstacle: await whyNot(gateway, signal) } };
    return;
  }
  const head = headOf(answer);
  if (head.id === '' && !answer.ok) {
    yield { type: 'failed', failure: { kind: 'unsent', obstacle: { why: 'noGateway', status: answer.status } } };
    return;
  }
  yield { type: 'head', ...head };
  try {
    yield* bodyOf(answer);
  } catch {
    signal.throwIfAborted();
    yield { type: 'failed', failure: { kind: 'cut' } };
  }
}

/** A name that does not fit into a header comes with %-escapes. */
function headOf({ headers }: Response) {
  const provider = headers.get('x-trunkline-provider') ?? '';
  return {
    id: headers.get('x-request-id') ?? '',
    provider: /%[0-9A-F]{2}/.test(provider) ? decode(provider) : provider,
    attempts: Number(headers.get('x-trunkline-attempts') ?? 0),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function* bodyOf(answer: Response): AsyncGenerator<Progress> {
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  if (!answer.ok || !isStream || !answer.body) {
    const text = await answer.text();
    yield toProgress(
      text,
      (error) => ({
        kind: 'refused',
        status: answer.status,
        error,
        retryAfter: answer.headers.get('retry-after') ?? '',
      }),
      answer.ok,
    );
    return;
  }
  for await (const data of eventsOf(answer.body)) {
    if (data === '[DONE]') return;
    const progress = toProgress(data, (error) => ({ kind: 'broken', error }), true);
    yield progress;
    if (progress.type === 'failed') return;
  }
  yield { type: 'failed', failure: { kind: 'cut' } };
}

function toProgress(json: string, failureOf: (error: ApiError) => Failure, ok: boolean): Progress {
  const part = partOf(json);
  const error = part?.error ?? (part && ok ? null : { message: json.slice(0, 500), code: '' });
  return error
    ? { type: 'failed', failure: failureOf(error) }
    : { type: 'part', text: '', thinking: '', finish: '', ...part };
}
