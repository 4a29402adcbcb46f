/*
 * Lines of a multipart body end with CR LF. Bodies that people write by hand end them with LF, which
 * the parser does not take: the lines around the parts are converted, and the parts stay as they are.
 */

/** The lines before a part's content are at most this long, in bytes. */
const maxHeaderBytes = 64 * 1024;

const newline = 0x0a;

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Whether the first line is the boundary without a CR; null: more bytes are needed. */
function endsLinesWithLf(head: Buffer, boundary: string): boolean | null {
  const delimiter = ascii(`--${boundary}`);
  if (head.length <= delimiter.length) return null;
  return head.subarray(0, delimiter.length).equals(delimiter) && head[delimiter.length] === newline;
}

/** Converts a body whose lines end with LF. */
class LineConverter {
  readonly #delimiter: Buffer;
  readonly #newDelimiter: Buffer;
  #rest: Buffer = Buffer.alloc(0);
  #isInHeader = false;
  #isOver = false;

  constructor(boundary: string) {
    this.#delimiter = ascii(`\n--${boundary}`);
    this.#newDelimiter = ascii(`\r\n--${boundary}`);
    // The first boundary has no line before it.
    this.#rest = ascii('\n');
  }

  /** The converted bytes, as far as they are certain. */
  *convert(chunk: Uint8Array): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let next = this.#next(); next !== null; next = this.#next()) yield next;
  }

  /** What is left at the end of the body. */
  end(): Buffer {
    const { length } = this.#delimiter;
    const isDelimiter = this.#rest.subarray(0, length).equals(this.#delimiter);
    return isDelimiter
      ? Buffer.concat([this.#newDelimiter, this.#rest.subarray(length)])
      : this.#rest;
  }

  #next(): Buffer | null {
    if (this.#isOver) return this.#take(this.#rest.length);
    return this.#isInHeader ? this.#header() : this.#content();
  }

  #take(length: number): Buffer | null {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken.length === 0 ? null : taken;
  }

  #header(): Buffer | null {
    const end = this.#rest[0] === newline ? 0 : this.#rest.indexOf('\n\n') + 1;
    if (end === 0 && this.#rest[0] !== newline) {
      return this.#rest.length > maxHeaderBytes ? this.#take(this.#rest.length) : null;
    }
    this.#isInHeader = false;
    const lines = this.#take(end)?.toString('latin1') ?? '';
    this.#take(1);
    return ascii(`${lines.replaceAll('\n', '\r\n')}\r\n`);
  }

  #content(): Buffer | null {
    const at = this.#rest.indexOf(this.#delimiter);
    const { length } = this.#delimiter;
    if (at === -1) return this.#take(Math.max(0, this.#rest.length - length + 1));
    if (at > 0) return this.#take(at);
    if (this.#rest.length < length + 2) return null;
    const [first, second] = this.#rest.subarray(length);
    this.#isOver = first === 0x2d && second === 0x2d;
    this.#isInHeader = first === newline;
    if (!this.#isOver && !this.#isInHeader) return this.#take(1);
    this.#take(this.#isOver ? length : length + 1);
    return this.#isOver ? this.#newDelimiter : Buffer.concat([this.#newDelimiter, ascii('\r\n')]);
  }
}

/** The body with CR LF around its parts; other bodies pass through unchanged. */
export async function* withCrlfLines(
  chunks: AsyncIterable<Uint8Array>,
  boundary: string,
): AsyncGenerator<Uint8Array> {
  let head: Buffer | null = Buffer.alloc(0);
  let converter: LineConverter | null = null;
  for await (const chunk of chunks) {
    let bytes = chunk;
    if (head !== null) {
      head = Buffer.concat([head, chunk]);
      const isLf = endsLinesWithLf(head, boundary);
      if (isLf === null) continue;
      if (isLf) converter = new LineConverter(boundary);
      bytes = head;
      head = null;
    }
    if (converter === null) yield bytes;
    else yield* converter.convert(bytes);
  }
  if (head !== null && head.length > 0) yield head;
  if (converter !== null) yield converter.end();
}
