/** Why a file cannot be read, in the words of the hosted API where it had some. */
export class ExtractionError extends Error {
  override readonly name = 'ExtractionError';
  readonly code: 'server_error' | 'unsupported_file' | 'invalid_file';

  constructor(code: ExtractionError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** A file of a supported type that cannot be read; `reason` is a clause. */
export const notParsed = (reason: string): ExtractionError =>
  new ExtractionError('invalid_file', `The file could not be parsed because ${reason}.`);

export const tooLarge = (): ExtractionError => notParsed('it is too large');

export const encrypted = (): ExtractionError =>
  notParsed('it is encrypted: remove its password and upload it again');

/** A file of a type that has no text, or that nobody here can read. */
export const notSupported = (type: string): ExtractionError =>
  new ExtractionError('unsupported_file', `The file type is not supported: this is ${type}.`);
