import { BytePieces } from './byte-pieces.ts';
import { yieldToOthers } from './clock.ts';

/*
 * Reads JSON that others wrote. `JSON.parse` cannot pause, and a small text can describe millions of
 * values. So the text is checked as it arrives, before anything is parsed, and long strings are parsed
 * one by one: the rest of the text, with a placeholder for each of them, is small.
 */

/** Values in one JSON text: members of objects and items of arrays. */
export const maxJsonValues = 100_000;

/** Levels of nesting in one JSON text: enough for everything that is accepted, and its envelope. */
export const maxJsonDepth = 1000;

/** The size of a text without its long strings, which are most of every large text. */
export const maxJsonBytes = 8 * 2 ** 20;

/** Strings of more bytes are parsed separately. */
const longStringBytes = 1024;

/** Work on fewer bytes takes less than a few milliseconds. */
const pauseBytes = 2 ** 18;

export type JsonProblem = 'invalid' | 'not UTF-8' | 'too deep' | 'too large' | 'too many values';

export interface JsonLimits {
  readonly maxValues: number;
  /** Whether bytes that are not UTF-8 are a problem. Otherwise they become U+FFFD. */
  readonly requireUtf8: boolean;
}

/** Thrown for a text that is not JSON or exceeds a limit. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
  readonly problem: JsonProblem;

  constructor(problem: JsonProblem) {
    super(`the JSON text is ${problem}`);
    this.problem = problem;
  }
}

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new JsonError('invalid');
  }
}

const decoder = new TextDecoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true });

/** The text of bytes, without a byte order mark. */
function decode(pieces: readonly Uint8Array[] | Uint8Array, requireUtf8: boolean): string {
  const bytes = pieces instanceof Uint8Array ? pieces : Buffer.concat(pieces);
  if (!requireUtf8) return decoder.decode(bytes);
  try {
    return strictDecoder.decode(bytes);
  } catch {
    throw new JsonError('not UTF-8');
  }
}

/** Parses a text, with pauses if it is large; undefined for an empty one. */
async function parseInSteps(pieces: readonly Uint8Array[], requireUtf8: boolean): Promise<unknown> {
  const [first = Buffer.of(), ...others] = pieces;
  const bytes = others.length === 0 ? first : Buffer.concat(pieces);
  const isLarge = bytes.length > pauseBytes;
  if (isLarge) await yieldToOthers();
  const text = decode(bytes, requireUtf8);
  if (text.trim() === '') return undefined;
  if (isLarge) await yieldToOthers();
  const value = parse(text);
  if (isLarge) await yieldToOthers();
  return value;
}

/** Puts long strings in the place of their placeholders, which are their keys. */
function restore(value: unknown, strings: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return strings.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => restore(item, strings));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, item]) => [strings.get(key) ?? key, restore(item, strings)]),
  );
}

/** Reads one JSON text whose bytes arrive in chunks. */
export class JsonReader {
  readonly #limits: JsonLimits;
  /** The text with placeholders. */
  readonly #pieces = new BytePieces();
  /** The start of a string that began in an earlier chunk. */
  readonly #stringPieces = new BytePieces();
  readonly #strings = new Map<string, string>();
  readonly #hugeStrings = new Map<string, Uint8Array[]>();
  /** Nobody who writes a text can know its placeholders. */
  readonly #placeholder = crypto.randomUUID();
  #values = 1;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #size = 0;
  #problem: JsonProblem | null = null;

  constructor(limits: Partial<JsonLimits> = {}) {
    this.#limits = { maxValues: maxJsonValues, requireUtf8: false, ...limits };
  }

  /** The number of bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** Adds the next bytes, which must not change afterwards. */
  add(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#problem !== null) return;
    let pieceStart = 0;
    let stringStart = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index];
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === backslash) this.#isEscaped = true;
        else if (byte === quote) {
          this.#isInString = false;
          if (index - stringStart < longStringBytes && this.#stringPieces.length === 0) continue;
          this.#pieces.add(chunk.subarray(pieceStart, stringStart));
          this.#endString(chunk.subarray(stringStart, index + 1));
          if (this.#problem !== null) return;
          pieceStart = index + 1;
        }
      } else if (byte === quote) {
        this.#isInString = true;
        stringStart = index;
      } else {
        this.#count(byte);
        if (this.#problem !== null) return;
      }
    }
    const end = this.#isInString ? stringStart : chunk.length;
    this.#pieces.add(chunk.subarray(pieceStart, end));
    if (this.#pieces.length > maxJsonBytes) return this.#refuse('too large');
    if (this.#isInString) this.#stringPieces.add(chunk.subarray(stringStart));
  }

  /** Resolves to the value; undefined for an empty text. Rejects with a {@link JsonError}. */
  async finish(): Promise<unknown> {
    if (this.#problem !== null) throw new JsonError(this.#problem);
    const { requireUtf8 } = this.#limits;
    for (const [key, pieces] of this.#hugeStrings) {
      this.#strings.set(key, String(await parseInSteps(pieces, requireUtf8)));
    }
    const pieces = [...this.#pieces.take(), ...this.#stringPieces.take()];
    const value = await parseInSteps(pieces, requireUtf8);
    return this.#strings.size === 0 ? value : restore(value, this.#strings);
  }

  #count(byte: number | undefined): void {
    if (byte === comma) this.#values += 1;
    else if (byte === openBracket || byte === openBrace) {
      this.#values += 1;
      this.#depth += 1;
    } else if (byte === closeBracket || byte === closeBrace) this.#depth -= 1;
    if (this.#values > this.#limits.maxValues) this.#refuse('too many values');
    else if (this.#depth > maxJsonDepth) this.#refuse('too deep');
  }

  #endString(end: Uint8Array): void {
    this.#stringPieces.add(end);
    const { length } = this.#stringPieces;
    const pieces = this.#stringPieces.take();
    if (length < longStringBytes) return pieces.forEach((piece) => this.#pieces.add(piece));
    const key = `${this.#placeholder}${this.#strings.size + this.#hugeStrings.size}`;
    this.#pieces.add(Buffer.from(`"${key}"`));
    if (length > pauseBytes) return void this.#hugeStrings.set(key, pieces);
    try {
      this.#strings.set(key, String(parse(decode(pieces, this.#limits.requireUtf8))));
    } catch (error) {
      this.#refuse(error instanceof JsonError ? error.problem : 'invalid');
    }
  }

  #refuse(problem: JsonProblem): void {
    this.#problem = problem;
    this.#pieces.take();
    this.#stringPieces.take();
    this.#strings.clear();
    this.#hugeStrings.clear();
  }
}
