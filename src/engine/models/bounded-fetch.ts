import { ModelFailure } from './model.ts';

type Fetch = typeof globalThis.fetch;

const mebibyte = 1024 ** 2;

/** In bytes after decompression. The rest of an error is never read. */
export const maxErrorBodyBytes = 65_536;

/** In bytes after decompression. */
const maxBytes = { json: 64 * mebibyte, stream: 256 * mebibyte, file: 512 * mebibyte };

/** Files are downloaded from paths such as `/files/{id}/content`. */
const isFileDownload = (url: string): boolean => new URL(url).pathname.endsWith('/content');

function maxBytesOf({ headers }: Response, url: string): number {
  if (isFileDownload(url)) return maxBytes.file;
  const isStream = headers.get('content-type')?.includes('event-stream') === true;
  return isStream ? maxBytes.stream : maxBytes.json;
}

/**
 * Ends a body after `limit` bytes: a failed response silently, any other one with an error. (A
 * TransformStream would take several times as long for each chunk.)
 */
function limitBody(
  body: ReadableStream<Uint8Array>,
  limit: number,
  isFailed: boolean,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let remaining = limit;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        const kept = value.subarray(0, remaining);
        remaining -= kept.length;
        if (kept.length === value.length) return controller.enqueue(value);
        await reader.cancel();
        if (!isFailed) {
          const message = `The model endpoint sent a response of more than ${limit / mebibyte} MiB.`;
          throw new ModelFailure('server_error', message);
        }
        controller.enqueue(kept);
        return controller.close();
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

const urlOf = (input: Parameters<Fetch>[0]): string =>
  input instanceof Request ? input.url : String(input);

/**
 * Wraps `fetch` so that no response of a model endpoint can fill the memory: of an error, only the start
 * is read; reading any other body that is too large throws a {@link ModelFailure}.
 */
export const boundResponses =
  (fetch: Fetch): Fetch =>
  async (input, init) => {
    const response = await fetch(input, init);
    if (response.body === null) return response;
    const { ok, status, statusText, headers } = response;
    const limit = ok ? maxBytesOf(response, urlOf(input)) : maxErrorBodyBytes;
    const body = limitBody(response.body, limit, !ok);
    return new Response(body, { status, statusText, headers });
  };
