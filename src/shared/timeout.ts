import type { Clock } from './clock.ts';

interface TimeoutOptions {
  readonly clock: Clock;
  readonly ms: number;
  /** Cancels the work. */
  readonly signal?: AbortSignal;
}

/**
 * Resolves as `work` does, or as `onTimeout` does when that takes longer than `ms` milliseconds.
 * Rejects as soon as `signal` aborts. The signal given to `work` aborts in both cases.
 */
export async function withTimeout<T>(
  { clock, ms, signal }: TimeoutOptions,
  work: (signal: AbortSignal) => Promise<T>,
  onTimeout: () => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const either = signal === undefined ? done.signal : AbortSignal.any([done.signal, signal]);
  const started = work(either);
  const timeout = async (): Promise<T> => {
    await clock.sleep(ms, either);
    signal?.throwIfAborted();
    return done.signal.aborted ? started : onTimeout();
  };
  try {
    return await Promise.race([started, timeout()]);
  } finally {
    // A given reason avoids the cost of an error with its stack.
    done.abort('done');
  }
}
