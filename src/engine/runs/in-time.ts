import type { EngineParts } from '../options.ts';

/** Milliseconds that the endpoint's files may hold up a run each time. */
const longestWait = 60_000;

/** Resolves to what the endpoint answers in time; throws when it does not, or when it refuses. */
export async function inTime<T>(
  { clock }: Pick<EngineParts, 'clock'>,
  signal: AbortSignal,
  answer: Promise<T>,
): Promise<T> {
  const timer = new AbortController();
  const late = clock
    .sleep(longestWait, AbortSignal.any([timer.signal, signal]))
    .then(() => Promise.reject(new Error('The model endpoint took too long.')));
  try {
    return await Promise.race([answer, late]);
  } finally {
    late.catch(() => {});
    timer.abort('over');
  }
}
