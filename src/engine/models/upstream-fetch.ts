import { retryAfterMs, quotaExceededCode } from './upstream-error.ts';

type Fetch = typeof globalThis.fetch;

/** The SDK ignores a longer Retry-After and retries too early. */
const maxSdkRetryAfterMs = 60_000;

const notImplemented = 501;

async function isQuotaExceeded(response: Response): Promise<boolean> {
  // Whoever reads the body itself reports that it breaks.
  const text = await response
    .clone()
    .text()
    .catch(() => '');
  return text.includes(quotaExceededCode);
}

/**
 * Keeps the SDK from retrying three kinds of response, by adding the header that it obeys: an exceeded
 * quota, a Retry-After longer than the SDK waits, and 501.
 */
export const limitSdkRetries =
  (fetch: Fetch): Fetch =>
  async (input, init) => {
    const response = await fetch(input, init);
    const { status, statusText } = response;
    if (status !== 429 && status < 500) return response;
    const isFinal =
      status === notImplemented ||
      (retryAfterMs(response.headers) ?? 0) > maxSdkRetryAfterMs ||
      (status === 429 && (await isQuotaExceeded(response)));
    if (!isFinal) return response;
    const headers = new Headers(response.headers);
    headers.set('x-should-retry', 'false');
    return new Response(response.body, { status, statusText, headers });
  };

const drainTimeoutMs = 1000;

async function drainInBackground(
  iterator: AsyncIterator<unknown>,
  controller: AbortController,
): Promise<void> {
  const timer = setTimeout(() => controller.abort('timeout'), drainTimeoutMs).unref();
  try {
    while ((await iterator.next()).done !== true);
  } catch {
    // The response is already complete.
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The items of a stream until `isComplete` returns true. The end of the stream is then read in the
 * background, because leaving a stream early closes its connection, which the next call can reuse.
 */
export async function* readUntil<T>(
  stream: AsyncIterable<T> & { readonly controller: AbortController },
  isComplete: () => boolean,
): AsyncGenerator<T> {
  const iterator = stream[Symbol.asyncIterator]();
  try {
    while (!isComplete()) {
      const next = await iterator.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    if (isComplete()) void drainInBackground(iterator, stream.controller);
    else await iterator.return?.();
  }
}
