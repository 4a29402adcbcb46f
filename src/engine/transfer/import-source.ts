/** An imported file or stdin; `name` is used in messages. */
export interface Source {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** An error in an imported file, at a location such as `a.json:12: data[3]`. Nothing of the file is stored. */
export class ImportError extends Error {
  override readonly name = 'ImportError';

  constructor(location: string, sentence: string) {
    super(`${location}: ${sentence}`);
  }
}
