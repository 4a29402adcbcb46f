/** How much of each end of a line that is too long is kept. */
const edgeBytes = 4096;

/** A line without its end, or the first and last bytes of one that is too long. */
export type Line =
  | { readonly kind: 'complete'; readonly bytes: Buffer }
  | { readonly kind: 'too long'; readonly start: Buffer; readonly end: Buffer };

/** Collects the parts of one line. */
export interface LineBuffer {
  add(part: Buffer): void;
  /** The line, after which the next one begins. */
  take(): Line;
}

const lastBytes = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.subarray(Math.max(0, bytes.length - edgeBytes)));

/** Creates a buffer for lines of at most `maxBytes`. Its work is linear, however small the parts. */
export function createLineBuffer(maxBytes: number): LineBuffer {
  let bytes: Buffer = Buffer.alloc(0);
  let length = 0;
  /** The start of a line that is too long; `bytes` then has its end. */
  let start: Buffer | null = null;

  const append = (part: Buffer) => {
    if (length === 0) bytes = part;
    else {
      if (length + part.length > bytes.length) {
        const larger = Buffer.allocUnsafe(Math.max(2 * bytes.length, length + part.length));
        bytes.copy(larger, 0, 0, length);
        bytes = larger;
      }
      part.copy(bytes, length);
    }
    length += part.length;
  };

  return {
    add(part) {
      if (start === null && length + part.length <= maxBytes) return append(part);
      const all = Buffer.concat([bytes.subarray(0, length), part]);
      start ??= Buffer.from(all.subarray(0, edgeBytes));
      bytes = lastBytes(all);
      length = bytes.length;
    },
    take() {
      const line = bytes.subarray(0, length);
      const taken: Line =
        start === null ? { kind: 'complete', bytes: line } : { kind: 'too long', start, end: line };
      [bytes, length, start] = [Buffer.alloc(0), 0, null];
      return taken;
    },
  };
}
