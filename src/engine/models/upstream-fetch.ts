import { retryAfterMs, quotaExceededCode } from './upstream-error.ts';

type Fetch = typeof globalThis.fetch;

/** Milliseconds beyond which the SDK no longer does what Retry-After says. */
const longestWait = 60_000;

/** An endpoint that lacks something has it no sooner for being asked again. */
const notImplemented = 501;

async function isQuotaSpent(answer: Response): Promise<boolean> {
  const text = await answer
    .clone()
    .text()
    .catch(() => '');
  return text.includes(quotaExceededCode);
}

/**
 * Keeps the SDK from repeating by itself what it should not: a call whose quota is spent, one
 * that is to wait for longer than the SDK would, and one that nobody there understands. It heeds a header, which is added here.
 */
export const limitSdkRetries =
  (fetch: Fetch): Fetch =>
  async (input, init) => {
    const answer = await fetch(input, init);
    if (answer.status !== 429 && answer.status < 500) return answer;
    const isLong = (retryAfterMs(answer.headers) ?? 0) > longestWait;
    const isFinal = isLong || answer.status === notImplemented;
    if (!isFinal && !(answer.status === 429 && (await isQuotaSpent(answer)))) return answer;
    const headers = new Headers(answer.headers);
    headers.set('x-should-retry', 'false');
    const { status, statusText } = answer;
    return new Response(answer.body, { status, statusText, headers });
  };

/** Milliseconds that the end of a stream may take once everything has been said. */
const longestGoodbye = 1000;

async function drainInBackground(
  rest: AsyncIterator<unknown>,
  stream: AbortController,
): Promise<void> {
  const timer = setTimeout(() => stream.abort('over'), longestGoodbye).unref();
  try {
    while ((await rest.next()).done !== true);
  } catch {
    // The answer is complete without it.
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What a stream says until `isOver`. Its end is then read in passing: a stream that is left before
 * its end takes its connection along, and the next call would have to make a new one.
 */
export async function* readUntil<T>(
  stream: AsyncIterable<T> & { readonly controller: AbortController },
  isOver: () => boolean,
): AsyncGenerator<T> {
  const iterator = stream[Symbol.asyncIterator]();
  try {
    while (!isOver()) {
      const next = await iterator.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    if (isOver()) void drainInBackground(iterator, stream.controller);
    else await iterator.return?.();
  }
}
