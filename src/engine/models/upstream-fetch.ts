import { isLastingError } from './error-sentence.ts';
import { retryDelayIn } from './retry-hint.ts';
import { quotaExceeded, retryAfterMs, unreadableCall } from './upstream-error.ts';

type Fetch = typeof globalThis.fetch;

/** The SDK ignores a longer Retry-After and retries too early. */
const maxSdkRetryAfterMs = 60_000;

const notImplemented = 501;

/** The text of an error; whoever reads the body itself reports that it breaks. */
const errorText = (response: Response): Promise<string> =>
  response
    .clone()
    .text()
    .catch(() => '');

const hasLastingCause = (status: number, text: string): boolean =>
  status === 429 ? quotaExceeded.test(text) : isLastingError(text) || unreadableCall.test(text);

/**
 * Keeps the SDK from retrying some responses, by adding the header that it obeys: an exceeded quota, a
 * delay longer than the SDK waits, 501, and errors that the same input always meets. A delay that only
 * the body names becomes a header.
 */
export const limitSdkRetries =
  (fetch: Fetch): Fetch =>
  async (input, init) => {
    const response = await fetch(input, init);
    const { status, statusText } = response;
    if (status !== 429 && status < 500) return response;
    const text = await errorText(response);
    const headers = new Headers(response.headers);
    const delayMs = retryAfterMs(headers) ?? retryDelayIn(text);
    if (delayMs !== null) headers.set('retry-after-ms', String(delayMs));
    const isFinal =
      status === notImplemented ||
      (delayMs ?? 0) > maxSdkRetryAfterMs ||
      hasLastingCause(status, text);
    if (isFinal) headers.set('x-should-retry', 'false');
    return new Response(response.body, { status, statusText, headers });
  };

/** Where Node's fetch keeps what opens its connections. */
const globalDispatcher = Symbol.for('undici.globalDispatcher.1');

let patientDispatcher: object | null | undefined;

/**
 * Opens connections like those of Node's fetch, but without its limit of five minutes for the headers
 * and between two parts of the body. Null if this runtime has none.
 */
function getPatientDispatcher(): object | null {
  if (patientDispatcher !== undefined) return patientDispatcher;
  // Node creates its dispatcher when one of these classes is used first.
  void new Headers();
  const { constructor: Dispatcher } = Object(Reflect.get(globalThis, globalDispatcher));
  try {
    patientDispatcher = Reflect.construct(Dispatcher, [{ headersTimeout: 0, bodyTimeout: 0 }]);
  } catch {
    patientDispatcher = null;
  }
  return patientDispatcher ?? null;
}

/** Wraps Node's `fetch` so that it waits as long as a local model reads and thinks. */
export const waitPatiently =
  (fetch: Fetch): Fetch =>
  (input, init) => {
    const dispatcher = getPatientDispatcher();
    return fetch(input, dispatcher === null ? init : Object.assign({}, init, { dispatcher }));
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
