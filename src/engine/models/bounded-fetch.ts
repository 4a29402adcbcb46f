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

/** Ends a body after `limit` bytes: a failed response silently, any other one with an error. */
function createLimiter(limit: number, isFailed: boolean): TransformStream<Uint8Array, Uint8Array> {
  let remaining = limit;
  return new TransformStream({
    transform(chunk, controller) {
      const kept = chunk.subarray(0, remaining);
      remaining -= kept.length;
      if (kept.length === chunk.length) return controller.enqueue(chunk);
      if (!isFailed) {
        const message = `The model endpoint sent a response of more than ${limit / mebibyte} MiB.`;
        return controller.error(new ModelFailure('server_error', message));
      }
      controller.enqueue(kept);
      return controller.terminate();
    },
  });
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
    const body = response.body.pipeThrough(createLimiter(limit, !ok));
    return new Response(body, { status, statusText, headers });
  };
