import type { IncomingMessage } from 'node:http';
import type { Clock } from '../shared/clock.ts';
import { JsonReader } from '../shared/json-reader.ts';
import { withTimeout } from '../shared/timeout.ts';
import { serverErrors } from './errors.ts';

/** The largest body that goes to the model endpoint. */
export const maxUploadBytes = 512 * 2 ** 20;

/** How long a JSON body may take to arrive. */
export const bodyTimeoutMs = 60_000;

/** Throws a 413 for a Content-Length above the limit; Node enforces that header itself. */
function checkContentLength({ headers }: IncomingMessage, maxBytes: number): void {
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw serverErrors.bodyTooLarge(maxBytes);
}

/** The chunks of a request body; throws a 413 once there are more than `maxBytes`. */
export async function* readChunks(
  incoming: IncomingMessage,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  checkContentLength(incoming, maxBytes);
  let size = 0;
  // Keep the connection: the error response still has to be sent.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > maxBytes) throw serverErrors.bodyTooLarge(maxBytes);
    yield chunk;
  }
}

/** The complete body. Events instead of `readChunks`: iterating is slower than reading a small body. */
async function collect(incoming: IncomingMessage, maxBytes: number): Promise<JsonReader> {
  checkContentLength(incoming, maxBytes);
  const { promise, resolve, reject } = Promise.withResolvers<JsonReader>();
  const reader = new JsonReader();
  const addChunk = (chunk: Buffer) => {
    reader.add(chunk);
    if (reader.size <= maxBytes) return;
    incoming.off('data', addChunk).resume();
    reject(serverErrors.bodyTooLarge(maxBytes));
  };
  incoming.on('data', addChunk);
  incoming.once('end', () => resolve(reader));
  incoming.once('error', () => reject(serverErrors.bodyIncomplete()));
  return promise;
}

/** Reads a complete JSON body; throws a 413 (too large), 408 (too slow) or 400 (incomplete). */
export const readJsonBody = (
  incoming: IncomingMessage,
  maxBytes: number,
  clock: Clock,
): Promise<JsonReader> =>
  withTimeout(
    { clock, ms: bodyTimeoutMs },
    () => collect(incoming, maxBytes),
    () => Promise.reject(serverErrors.bodyTimedOut()),
  );

/**
 * A body as a stream, for whoever limits it. When it is no longer read, the rest is dropped, so that
 * the client gets the response.
 */
export function streamBody(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = readChunks(incoming, Infinity);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next().catch(() => {
          throw serverErrors.bodyIncomplete();
        });
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return(undefined);
        incoming.resume();
      },
    },
    { highWaterMark: 0 },
  );
}
