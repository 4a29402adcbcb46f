import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ImportError, type Source } from './import-source.ts';

type Bytes = Source['bytes'];

/** Bytes, and the first four of them, from which compression and encoding are recognized. */
async function peek(bytes: Bytes): Promise<{ readonly head: Buffer; readonly bytes: Bytes }> {
  const iterator = bytes[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let isDone = false;
  while (head.length < 4 && !isDone) {
    const next = await iterator.next();
    if (next.done === true) isDone = true;
    else head = Buffer.concat([head, next.value]);
  }
  const rest: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => iterator };
  async function* all(): AsyncGenerator<Uint8Array> {
    yield head;
    if (!isDone) yield* rest;
  }
  return { head, bytes: all() };
}

const isZlibError = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');

async function* decompress(name: string, bytes: Bytes): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  // The error of the pipeline is also the one that reading `gunzip` throws.
  pipeline(Readable.from(bytes), gunzip, () => {});
  try {
    for await (const chunk of gunzip) yield Buffer.from(chunk);
  } catch (error) {
    if (!isZlibError(error)) throw error;
    throw new ImportError(name, `The gzip file is damaged or incomplete: ${error.message}.`);
  }
}

/** The encoding of a text, by its byte order mark or the zero bytes in its first two letters. */
function encodingOf([first, second]: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be';
  return 'utf-8';
}

const notText = 'The file is not UTF-8 or UTF-16 text.';

async function* toUtf8(name: string, bytes: Bytes, encoding: string): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let line = 1;
  const encode = (text: string) => {
    line += text.split('\n').length - 1;
    return Buffer.from(text);
  };
  try {
    for await (const chunk of bytes) yield encode(decoder.decode(chunk, { stream: true }));
    yield encode(decoder.decode());
  } catch (error) {
    if (error instanceof TypeError) throw new ImportError(`${name}:${line}`, notText);
    throw error;
  }
}

const zipMagic = Buffer.from('PK\u0003\u0004');

/** The bytes of a source as UTF-8. */
async function openText({ name, bytes }: Source): Promise<Bytes> {
  let text = await peek(bytes);
  if (text.head[0] === 0x1f && text.head[1] === 0x8b)
    text = await peek(decompress(name, text.bytes));
  if (text.head.subarray(0, 4).equals(zipMagic)) {
    throw new ImportError(name, 'The file is a ZIP archive; unpack it and import its files.');
  }
  const encoding = encodingOf(text.head);
  return encoding === 'utf-8' ? text.bytes : toUtf8(name, text.bytes, encoding);
}

const lineFeed = 10;

/** The lines of a text as bytes. Only a line feed ends a line: JSON text may contain U+2028. */
async function* splitLines(bytes: Bytes): AsyncGenerator<Uint8Array> {
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

/**
 * The lines of a source, without line feeds and byte order mark. The source is UTF-8 or UTF-16 text,
 * which may be compressed with gzip. Throws an {@link ImportError} for anything else.
 */
export async function* readLines(source: Source): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  for await (const line of splitLines(await openText(source))) {
    number += 1;
    let text: string;
    try {
      text = decoder.decode(line);
    } catch {
      throw new ImportError(`${source.name}:${number}`, notText);
    }
    yield text;
  }
}
