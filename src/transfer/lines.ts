import { Refusal } from './refusal.ts';

/** A file as it comes in, under the name it goes by in messages. */
export interface Source {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The text of a source, piece by piece, without a byte order mark. */
async function* decode({ name, bytes }: Source): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  const read = (chunk?: Uint8Array) => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new Refusal(`${name}:${line}`, 'The file is not UTF-8 text.');
    }
  };
  for await (const chunk of bytes) {
    const text = read(chunk);
    yield text;
    line += text.split('\n').length - 1;
  }
  yield read();
}

/**
 * The lines of a source, without their ends. A line ends at a line feed alone, since JSON text may
 * hold the other characters that some readers take for one.
 */
export async function* readLines(source: Source): AsyncGenerator<string> {
  let pieces: string[] = [];
  for await (const text of decode(source)) {
    const [first = '', ...others] = text.split('\n');
    pieces.push(first);
    for (const next of others) {
      yield pieces.join('');
      pieces = [next];
    }
  }
  yield pieces.join('');
}
