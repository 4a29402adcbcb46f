import { maxDepth, exceedsDepth } from '../../schema/limits.ts';
import { errorMessage } from '../../shared/errors.ts';
import { ImportError } from './import-error.ts';

/** One object of a source, not yet judged, and where it stands. */
export interface LocatedObject {
  readonly value: unknown;
  /** File and line, and within a list which element: `a.json:12: data[3]`. */
  readonly location: string;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The elements of an array or of the API's list envelope, and what leads to them. */
function elementsOf(value: unknown): [name: string, elements: readonly unknown[]] | null {
  if (Array.isArray(value)) return ['', value];
  const { object, data } = isObject(value) ? value : {};
  return object === 'list' && Array.isArray(data) ? ['data', data] : null;
}

/** The lines on which the elements of a document's list begin, the document's first being 1. */
function elementLines(text: string): number[] {
  const lines: number[] = [];
  let [line, open, quoted] = [1, '', false];
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '\n') line += 1;
    if (quoted && character === '\\') index += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === '{' || character === '[')) {
      if (character === '{' && (open === '[' || open === '{[')) lines.push(line);
      open += character;
    } else if (!quoted && (character === '}' || character === ']')) open = open.slice(0, -1);
  }
  return lines;
}

/** The objects of a line, or of a whole document that begins on it. */
function* locate(name: string, line: number, value: unknown, text = ''): Generator<LocatedObject> {
  if (exceedsDepth(value)) {
    throw new ImportError(
      `${name}:${line}`,
      `The JSON is nested more than ${maxDepth} levels deep.`,
    );
  }
  const list = elementsOf(value);
  if (list === null) {
    yield { value, location: `${name}:${line}` };
    return;
  }
  const [path, elements] = list;
  const lines = elementLines(text);
  for (const [index, element] of elements.entries()) {
    const at = line - 1 + (lines[index] ?? 1);
    yield { value: element, location: `${name}:${at}: ${path}[${index}]` };
  }
}

/** What the text says as JSON, or why it says nothing. */
function parse(text: string): { readonly value: unknown } | { readonly reason: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { reason: errorMessage(error) };
  }
}

/**
 * The objects of a source in their order: of JSON Lines one a line, holding no more than a line in
 * memory, or of one JSON document. Either may give a list of objects for an object. Throws a
 * {@link ImportError} for what is no JSON.
 */
export async function* readObjects(source: Source): AsyncGenerator<LocatedObject> {
  const { name } = source;
  const lines = readLines(source);
  let number = 0;
  let begun = false;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === '') continue;
    const line = parse(text);
    if ('value' in line) yield* locate(name, number, line.value);
    else if (begun)
      throw new ImportError(`${name}:${number}`, `Not a line of JSON: ${line.reason}.`);
    else {
      const pieces = [text];
      for await (const piece of lines) pieces.push(piece);
      const whole = pieces.join('\n');
      const document = parse(whole);
      if ('reason' in document) {
        throw new ImportError(
          `${name}:${number}`,
          `Neither JSON Lines nor JSON: ${document.reason}.`,
        );
      }
      yield* locate(name, number, document.value, whole);
    }
    begun = true;
  }
}

/** A file as it comes in, under the name it goes by in messages. */
export interface Source {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

const lineFeed = 10;

/** The lines of a source as bytes; only a line feed ends one, whatever JSON text may hold besides. */
async function* splitLines(bytes: Source['bytes']): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  for await (const chunk of bytes) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      pieces.push(chunk.subarray(start, end));
      yield Buffer.concat(pieces);
      pieces = [];
      start = end + 1;
    }
    pieces.push(chunk.subarray(start));
  }
  yield Buffer.concat(pieces);
}

/** The lines of a source, without line feeds and a byte order mark. */
export async function* readLines({ name, bytes }: Source): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  for await (const line of splitLines(bytes)) {
    number += 1;
    let text: string;
    try {
      text = decoder.decode(line);
    } catch {
      throw new ImportError(`${name}:${number}`, 'The file is not UTF-8 text.');
    }
    yield text;
  }
}
