import { JsonReader } from '../shared/json-reader.ts';

/** How much of each end of a line is kept. */
const edgeBytes = 4096;

/** A line without its end. */
export interface Line {
  /** Has read the line; null if it is too long. */
  readonly reader: JsonReader | null;
  readonly length: number;
  /** The first and the last bytes. */
  readonly start: Buffer;
  readonly end: Buffer;
}

/** Collects the parts of one line. */
export interface LineBuffer {
  add(part: Buffer): void;
  /** The line, after which the next one begins. */
  take(): Line;
}

/** The first and last bytes of a line that arrives in parts. */
class LineEdges {
  #start: Buffer = Buffer.alloc(0);
  #lastParts: Buffer[] = [];
  #lastBytes = 0;

  add(part: Buffer): void {
    const missing = edgeBytes - this.#start.length;
    if (missing > 0) this.#start = Buffer.concat([this.#start, part.subarray(0, missing)]);
    this.#lastParts.push(part);
    this.#lastBytes += part.length;
    if (this.#lastBytes < 4 * edgeBytes && this.#lastParts.length < edgeBytes) return;
    const end = Buffer.concat(this.#lastParts).subarray(-edgeBytes);
    [this.#lastParts, this.#lastBytes] = [[Buffer.from(end)], end.length];
  }

  edges() {
    return { start: this.#start, end: Buffer.concat(this.#lastParts).subarray(-edgeBytes) };
  }
}

const newReader = () => new JsonReader({ requireUtf8: true });

/** Creates a buffer for lines of at most `maxBytes`. Its work is linear, however small the parts. */
export function createLineBuffer(maxBytes: number): LineBuffer {
  let reader: JsonReader | null = newReader();
  let edges = new LineEdges();
  let length = 0;
  return {
    add(part) {
      length += part.length;
      edges.add(part);
      if (length > maxBytes) reader = null;
      else reader?.add(part);
    },
    take() {
      const line = { reader, length, ...edges.edges() };
      [reader, edges, length] = [newReader(), new LineEdges(), 0];
      return line;
    },
  };
}
