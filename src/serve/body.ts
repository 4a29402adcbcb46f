import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import { Refusal, refusals } from './refusal.ts';

/** Bytes of a JSON body, and of one that is passed on. */
export const limits = { json: 4 * 2 ** 20, upload: 512 * 2 ** 20 } as const;

/** Milliseconds that a JSON body may take. */
const patience = 60_000;

/** The chunks of a body; throws a 413 once there are more than `limit` bytes. */
export async function* chunksOf(incoming: IncomingMessage, limit: number): AsyncGenerator<Buffer> {
  // A count that is given is a count that Node's parser keeps.
  if (Number(incoming.headers['content-length'] ?? 0) > limit) throw refusals.tooLarge(limit);
  let size = 0;
  // The caller still has to hear why its body is not wanted.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > limit) throw refusals.tooLarge(limit);
    yield chunk;
  }
}

async function collect(incoming: IncomingMessage, limit: number): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of chunksOf(incoming, limit)) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch (error) {
    throw error instanceof Refusal ? error : refusals.cutOff();
  }
}

/** Reads a JSON body whole; throws a 413, a 408 when it is slow, or a 400 when it breaks off. */
export async function readBody(
  incoming: IncomingMessage,
  clock: Clock,
): Promise<Buffer<ArrayBuffer>> {
  const read = new AbortController();
  const late = async () => {
    await clock.sleep(patience, read.signal);
    // Nobody waits any more; an error would be made, with its stack, to be forgotten.
    return read.signal.aborted ? Buffer.alloc(0) : Promise.reject(refusals.tooSlow());
  };
  try {
    return await Promise.race([collect(incoming, limits.json), late()]);
  } finally {
    // A reason of its own saves the making of an error with its stack.
    read.abort('read');
  }
}
