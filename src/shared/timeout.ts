import type { Clock } from './clock.ts';

/** Resolves as `work` does, or as `late` does when that takes longer than `ms` milliseconds. */
export async function withTimeout<T>(
  { clock, ms }: { readonly clock: Clock; readonly ms: number },
  work: Promise<T>,
  late: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const wait = async (): Promise<T> => {
    await clock.sleep(ms, over.signal);
    return over.signal.aborted ? work : late();
  };
  try {
    return await Promise.race([work, wait()]);
  } finally {
    // A reason of its own saves the making of an error with its stack.
    over.abort('over');
  }
}
