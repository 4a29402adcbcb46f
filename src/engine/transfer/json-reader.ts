import { isObject } from '../../schema/common.ts';
import { maxDepth, exceedsDepth } from '../../schema/limits.ts';
import { errorMessage } from '../../shared/errors.ts';
import { ImportError, type Source } from './import-source.ts';

/** One unvalidated object of a source. */
export interface LocatedObject {
  readonly value: unknown;
  /** File and line, and the index within a list: `a.json:12: data[3]`. */
  readonly location: string;
}

/** The elements of an array or of the API's list envelope, and the path to them. */
function elementsOf(value: unknown): [path: string, elements: readonly unknown[]] | null {
  if (Array.isArray(value)) return ['', value];
  const { object, data } = isObject(value) ? value : {};
  return object === 'list' && Array.isArray(data) ? ['data', data] : null;
}

/** The line on which each element of a document's list starts, from 1. */
function elementLines(text: string): number[] {
  const lines: number[] = [];
  let [line, openBrackets, isQuoted] = [1, '', false];
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '\n') line += 1;
    if (isQuoted && character === '\\') index += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (character === '{' || character === '[')) {
      if (character === '{' && (openBrackets === '[' || openBrackets === '{[')) lines.push(line);
      openBrackets += character;
    } else if (!isQuoted && (character === '}' || character === ']'))
      openBrackets = openBrackets.slice(0, -1);
  }
  return lines;
}

/** The objects of one line, or of a document `text` that starts on it. */
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
    const elementLine = line - 1 + (lines[index] ?? 1);
    yield { value: element, location: `${name}:${elementLine}: ${path}[${index}]` };
  }
}

function parseJson(text: string): { readonly value: unknown } | { readonly reason: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { reason: errorMessage(error) };
  }
}

/**
 * The objects of a source in order. A source is JSON Lines, read line by line, or one JSON document;
 * a line or the document may be a list of objects. Throws an {@link ImportError} for invalid JSON.
 */
export async function* readObjects(source: Source): AsyncGenerator<LocatedObject> {
  const { name } = source;
  const lines = readLines(source);
  let number = 0;
  let isJsonLines = false;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === '') continue;
    const line = parseJson(text);
    if ('value' in line) yield* locate(name, number, line.value);
    else if (isJsonLines)
      throw new ImportError(`${name}:${number}`, `The line is not valid JSON: ${line.reason}.`);
    else {
      const documentLines = [text];
      for await (const documentLine of lines) documentLines.push(documentLine);
      const documentText = documentLines.join('\n');
      const document = parseJson(documentText);
      if ('reason' in document) {
        throw new ImportError(
          `${name}:${number}`,
          `The file is neither JSON Lines nor one JSON document: ${document.reason}.`,
        );
      }
      yield* locate(name, number, document.value, documentText);
    }
    isJsonLines = true;
  }
}

const lineFeed = 10;

/** The lines of a source as bytes. Only a line feed ends a line: JSON text may contain U+2028. */
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

/** The lines of a source, without line feeds and byte order mark. */
async function* readLines({ name, bytes }: Source): AsyncGenerator<string> {
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
