import { useEffect, useRef, useState } from 'react';
import { type Call, type Failure, type Progress, send } from './send';

/** A call as far as it has come. */
export type Run = {
  state: 'waiting' | 'answering' | 'done' | 'stopped' | 'failed';
  /** Empty until the gateway answered; the call is found by it in the log. */
  id: string;
  provider: string;
  attempts: number;
  text: string;
  /** What a model thought aloud before it answered. */
  thinking: string;
  finish: string;
  failure: Failure | null;
  /** When it was sent; milliseconds of performance.now(), as all below. */
  sent: number;
  firstText: number;
  ended: number;
};

/** Sends one call at a time; leaving the page stops it. */
export function useRun() {
  const [run, setRun] = useState<Run | null>(null);
  const control = useRef<AbortController | null>(null);
  useEffect(() => () => control.current?.abort(), []);

  const start = async (call: Call) => {
    control.current?.abort();
    const own = new AbortController();
    control.current = own;
    let now = begun();
    const show = (change: Partial<Run>) => {
      now = { ...now, ...change };
      if (control.current === own) setRun(now);
    };
    show({});
    try {
      for await (const progress of send(call, own.signal)) show(after(now, progress));
      show({ state: now.failure ? 'failed' : 'done', ended: performance.now() });
    } catch {
      show({ state: 'stopped', ended: performance.now() });
    }
  };
  return {
    run,
    start: (call: Call) => void start(call),
    stop: () => control.current?.abort(),
    /** Forgets the call, to write another. */
    clear: () => setRun(null),
    busy: run !== null && (run.state === 'waiting' || run.state === 'answering'),
  };
}

const begun = (): Run => ({
  state: 'waiting',
  id: '',
  provider: '',
  attempts: 0,
  text: '',
  thinking: '',
  finish: '',
  failure: null,
  sent: performance.now(),
  firstText: 0,
  ended: 0,
});

function after(run: Run, progress: Progress): Partial<Run> {
  if (progress.type === 'failed') return { failure: progress.failure };
  if (progress.type === 'head') {
    const { id, provider, attempts } = progress;
    return { id, provider, attempts, state: 'answering' };
  }
  const { text, thinking, finish } = progress;
  return {
    text: run.text + text,
    thinking: run.thinking + thinking,
    finish: finish || run.finish,
    firstText: run.firstText || (text + thinking === '' ? 0 : performance.now()),
  };
}
