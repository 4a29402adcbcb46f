import type { Clock } from './clock.ts';

interface TimeoutOptions {
  readonly clock: Clock;
  readonly ms: number;
  /** Cancels the work. */
  readonly signal?: AbortSignal;
}

/**
 * Resolves to the result of `work`, or of `onTimeout` after `ms` milliseconds. Rejects at once when
 * `signal` aborts. The signal passed to `work` aborts in both cases.
 */
export async function withTimeout<T>(
  { clock, ms, signal }: TimeoutOptions,
  work: (signal: AbortSignal) => Promise<T>,
  onTimeout: () => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const workSignal = signal === undefined ? done.signal : AbortSignal.any([done.signal, signal]);
  const started = work(workSignal);
  const timeout = async (): Promise<T> => {
    await clock.sleep(ms, workSignal);
    signal?.throwIfAborted();
    return done.signal.aborted ? started : onTimeout();
  };
  try {
    return await Promise.race([started, timeout()]);
  } finally {
    // With a reason, `abort` does not create an error and its stack.
    done.abort('done');
  }
}
