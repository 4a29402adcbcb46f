import type { Chunk } from '../chunking.ts';
import type { Chunking } from '../chunking-strategy.ts';
import type { ExtractionError } from './extraction-error.ts';

/*
 * What the two processes send each other: each message is its length in 4 bytes, then its bytes. A
 * file is a header, then its content in pieces, until as many bytes have come as the header says.
 * The answers are JSON.
 */

/** What is sent before the content of a file. */
export interface FileHeader {
  readonly filename: string;
  readonly bytes: number;
  readonly chunking: Chunking;
}

/** Some chunks of a file, or how it ended. */
export type Answer =
  | { readonly chunks: readonly Chunk[] }
  | { readonly done: true }
  | { readonly error: { readonly code: ExtractionError['code']; readonly message: string } };

const lengthBytes = 4;

/** A message as it is sent. */
export function toFrame(content: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(lengthBytes + content.length);
  frame.writeUInt32LE(content.length);
  frame.set(content, lengthBytes);
  return frame;
}

export const toJsonFrame = (value: FileHeader | Answer): Uint8Array =>
  toFrame(Buffer.from(JSON.stringify(value)));

/** Finds the messages in what arrives. */
export async function* readFrames(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const piece of pieces) {
    rest = Buffer.concat([rest, piece]);
    while (rest.length >= lengthBytes) {
      const end = lengthBytes + rest.readUInt32LE();
      if (rest.length < end) break;
      yield rest.subarray(lengthBytes, end);
      rest = rest.subarray(end);
    }
  }
}
