import { errorMessage } from '../../shared/errors.ts';
import { parseJson } from '../../shared/json.ts';
import { ImportError } from './import-source.ts';

/** One JSON value of a text that has several: a line, a document, or an element of the outer array. */
export interface JsonDocument {
  readonly value: unknown;
  readonly text: string;
  /** The line on which it begins, from 1. */
  readonly line: number;
  /** Its index in the array around all values; null without one. */
  readonly index: number | null;
}

const isSpace = (character: string): boolean =>
  character === ' ' || character === '\t' || character === '\r';

/** The index after the string that begins at `start`; null if it does not end. */
function endOfString(line: string, start: number): number | null {
  for (let index = start + 1; index < line.length; index += 1) {
    if (line[index] === '\\') index += 1;
    else if (line[index] === '"') return index + 1;
  }
  return null;
}

/** The index after the number or word that begins at `start`. */
function endOfWord(line: string, start: number): number {
  let end = start + 1;
  while (end < line.length && !isSpace(line.charAt(end)) && !',]}'.includes(line.charAt(end)))
    end += 1;
  return end;
}

/** Why a text is not JSON, and whether that is so whatever follows it. */
function jsonProblem(text: string): { readonly reason: string; readonly isFinal: boolean } | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const message = errorMessage(error);
    const position = / (?:in JSON )?at position (\d+).*/u.exec(message);
    const quotation = /, (?:\.{3})?"/u.exec(message);
    const reason = message.slice(0, position?.index ?? quotation?.index);
    const isFinal =
      position === null ? !message.startsWith('Unexpected end') : Number(position[1]) < text.length;
    return { reason, isFinal };
  }
}

/** The line of an invalid text on which it becomes invalid, from 0. */
function invalidLine(text: string): number {
  const lines = text.split('\n');
  let [low, high] = [0, lines.length - 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (jsonProblem(lines.slice(0, middle + 1).join('\n'))?.isFinal === true) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The array around all values of a text. */
interface OuterArray {
  readonly line: number;
  count: number;
  /** What may come next, beside the end of the array. */
  expects: 'first value' | 'value' | 'comma';
}

/** Splits lines into JSON values, of which it holds one at a time. */
class JsonSplitter {
  readonly #name: string;
  #array: OuterArray | null = null;
  /** The lines of the value that has begun and not ended. */
  #pieces: string[] = [];
  #startLine = 0;
  #depth = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** The values that end on this line. */
  *add(line: string, number: number): Generator<JsonDocument> {
    if (this.#depth === 0 && this.#array === null && line.startsWith('{')) {
      const value = parseJson(line);
      if (value !== undefined) return yield { value, text: line, line: number, index: null };
    }
    let index = 0;
    while (index < line.length) {
      if (this.#depth === 0) {
        const character = line.charAt(index);
        if (isSpace(character) || this.#isPunctuation(character, number)) {
          index += 1;
          continue;
        }
        this.#startLine = number;
      }
      const end = this.#endOfValue(line, index, number);
      this.#pieces.push(line.slice(index, end ?? line.length));
      if (end !== null) yield this.#take();
      index = end ?? line.length;
    }
    if (this.#depth > 0) this.#pieces.push('\n');
  }

  /** Throws if a value or the array has not ended. */
  end(): void {
    if (this.#depth > 0) this.#fail(this.#startLine, 'the value that begins here does not end');
    if (this.#array !== null)
      this.#fail(this.#array.line, 'the array that begins here does not end');
  }

  #fail(line: number, reason: string): never {
    throw new ImportError(`${this.#name}:${line}`, `Invalid JSON: ${reason}.`);
  }

  /** Whether a character between values belongs to the array around them. */
  #isPunctuation(character: string, line: number): boolean {
    const array = this.#array;
    if (array === null) {
      if (character === '[') this.#array = { line, count: 0, expects: 'first value' };
      return character === '[';
    }
    if (character === ']' && array.expects !== 'value') this.#array = null;
    else if (character === ',' && array.expects === 'comma') array.expects = 'value';
    else if (array.expects === 'comma' || character === ',' || character === ']') {
      this.#fail(line, `unexpected '${character}' in an array`);
    } else return false;
    return true;
  }

  /** The index after the value that begins at `start`, or is open there; null if it continues. */
  #endOfValue(line: string, start: number, number: number): number | null {
    const first = line.charAt(start);
    if (this.#depth === 0 && first !== '{' && first !== '[') {
      return first === '"' ? (endOfString(line, start) ?? line.length) : endOfWord(line, start);
    }
    for (let index = start; index < line.length; index += 1) {
      const character = line[index];
      if (character === '"') {
        const end = endOfString(line, index);
        if (end === null) this.#fail(number, 'a string does not end on its line');
        index = end - 1;
      } else if (character === '{' || character === '[') this.#depth += 1;
      else if (character === '}' || character === ']') this.#depth -= 1;
      if (this.#depth === 0) return index + 1;
    }
    return null;
  }

  #take(): JsonDocument {
    const text = this.#pieces.join('');
    this.#pieces = [];
    const value = parseJson(text);
    if (value === undefined) {
      this.#fail(this.#startLine + invalidLine(text), jsonProblem(text)?.reason ?? '');
    }
    const array = this.#array;
    if (array === null) return { value, text, line: this.#startLine, index: null };
    array.expects = 'comma';
    array.count += 1;
    return { value, text, line: this.#startLine, index: array.count - 1 };
  }
}

/**
 * The JSON values of a text, which may be one to a line or formatted over many, one after the other or
 * in one array. Throws an {@link ImportError} for invalid JSON.
 */
export async function* splitJson(
  name: string,
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<JsonDocument> {
  const splitter = new JsonSplitter(name);
  let number = 0;
  for await (const line of lines) {
    number += 1;
    yield* splitter.add(line, number);
  }
  splitter.end();
}
