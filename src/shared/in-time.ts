import type { EngineDeps } from '../engine/options.ts';

/** Milliseconds that the endpoint's files may hold up a run each time. */
const longestWait = 60_000;

/** Why it did not, for the log. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/**
 * Resolves to what the endpoint answers in time; throws when it does not, or when it refuses. What is
 * not waited for any longer is broken off by the signal that it is asked with.
 */
export async function withTimeout<T>(
  { clock }: Pick<EngineDeps, 'clock'>,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const either = AbortSignal.any([over.signal, signal]);
  const late = clock
    .sleep(longestWait, either)
    .then(() => Promise.reject(new Error('The model endpoint took too long.')));
  try {
    return await Promise.race([ask(either), late]);
  } finally {
    late.catch(() => {});
    over.abort('over');
  }
}
