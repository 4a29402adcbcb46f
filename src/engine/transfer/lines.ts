import { ImportError } from './import-error.ts';

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
