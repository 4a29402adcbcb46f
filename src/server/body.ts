import type { IncomingMessage } from 'node:http';
import type { Clock } from '../shared/clock.ts';
import { withTimeout } from '../shared/timeout.ts';
import { serverErrors } from './errors.ts';

/** Bytes of a JSON body, and of one that is passed on. */
export const limits = { json: 4 * 2 ** 20, upload: 512 * 2 ** 20 } as const;

/** Milliseconds that a JSON body may take. */
const bodyTimeoutMs = 60_000;

/** Throws a 413 for a body that says it is too large; Node's parser keeps to the count that is given. */
function checkCount({ headers }: IncomingMessage, limit: number): void {
  if (Number(headers['content-length'] ?? 0) > limit) throw serverErrors.tooLarge(limit);
}

/** The chunks of a body; throws a 413 once there are more than `limit` bytes. */
export async function* readChunks(
  incoming: IncomingMessage,
  limit: number,
): AsyncGenerator<Buffer> {
  checkCount(incoming, limit);
  let size = 0;
  // The caller still has to hear why its body is not wanted.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > limit) throw serverErrors.tooLarge(limit);
    yield chunk;
  }
}

/** The same for a body that is wanted whole; iterating over a small one takes longer than reading it. */
async function collect(incoming: IncomingMessage, limit: number): Promise<Buffer<ArrayBuffer>> {
  checkCount(incoming, limit);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer<ArrayBuffer>>();
  const chunks: Buffer[] = [];
  let left = limit;
  const take = (chunk: Buffer) => {
    left -= chunk.length;
    if (left >= 0) return void chunks.push(chunk);
    incoming.off('data', take).resume();
    reject(serverErrors.tooLarge(limit));
  };
  incoming.on('data', take);
  incoming.once('end', () => resolve(Buffer.concat(chunks)));
  incoming.once('error', () => reject(serverErrors.cutOff()));
  return promise;
}

/** Reads a JSON body whole; throws a 413, a 408 when it is slow, or a 400 when it breaks off. */
export const readBody = (incoming: IncomingMessage, clock: Clock): Promise<Buffer<ArrayBuffer>> =>
  withTimeout(
    { clock, ms: bodyTimeoutMs },
    () => collect(incoming, limits.json),
    () => Promise.reject(serverErrors.tooSlow()),
  );
