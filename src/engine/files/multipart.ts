import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ApiError } from '../../shared/errors.ts';
import { fileErrors } from './file-errors.ts';
import { withCrlfLines } from './line-endings.ts';

/** A file of a form; its bytes have to be read before the form goes on. */
export interface FormFile {
  readonly filename: string;
  readonly mediaType: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** A form whose file has been received. */
export interface Form<File> {
  /** The text fields, by name, each with its last value. */
  readonly fields: ReadonlyMap<string, string>;
  /** Undefined: the form has no such file. */
  readonly file: File | undefined;
}

/** Longer texts are no fields of this API. */
const maxFieldBytes = 64 * 1024;
const maxFields = 50;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Names are sent as UTF-8, by old clients as Latin-1; the parser hands on their bytes. */
function decodeName(name: string): string {
  if (/[^\0-\xff]/u.test(name)) return name;
  try {
    return utf8.decode(Buffer.from(name, 'latin1'));
  } catch {
    return name;
  }
}

/** Some clients send a text field like a file. */
async function readText(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > maxFieldBytes) throw fileErrors.malformedForm('a text field is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The boundary of a content type, which may be quoted. */
function boundaryOf(contentType: string): string | null {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]*)"|([^\s;"]+))/iu.exec(contentType) ?? [];
  const boundary = quoted ?? plain ?? '';
  return boundary === '' ? null : boundary;
}

const isMultipart = (contentType: string): boolean =>
  /^\s*multipart\/form-data\s*(?:;|$)/iu.test(contentType);

async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  // Cancelling the body of a form in this process makes undici throw where nobody can catch it.
  if (body !== null) yield* body.values({ preventCancel: true });
}

const parserReasons: ReadonlyMap<string, string> = new Map([
  ['Unexpected end of form', 'it ends before its closing boundary'],
  ['Unexpected end of file', 'it ends before its closing boundary'],
  ['Malformed part header', 'a part has a malformed header'],
]);

/** What to tell the client of a form that could not be read. */
function formError(error: unknown): unknown {
  if (error instanceof ApiError || !(error instanceof Error)) return error;
  const reason = parserReasons.get(error.message);
  return reason === undefined ? error : fileErrors.malformedForm(reason);
}

/** Collects what the parser finds. */
class FormReader<File> {
  readonly fields = new Map<string, string>();
  readonly #fileField: string;
  readonly #receive: (file: FormFile) => Promise<File>;
  readonly #reading: Promise<void>[] = [];
  #file: Promise<File> | undefined;

  constructor(fileField: string, receive: (file: FormFile) => Promise<File>) {
    this.#fileField = fileField;
    this.#receive = receive;
  }

  addField(name: string, value: string, isTruncated: boolean): void {
    if (isTruncated) throw fileErrors.malformedForm('a text field is too long');
    if (name === this.#fileField) throw fileErrors.fileWithoutName(name);
    this.fields.set(name, value);
  }

  /** Resolves when the file's bytes have been read. */
  addFile(name: string, file: FormFile): Promise<void> {
    const reading =
      name === this.#fileField ? this.#addFile(name, file) : this.#addText(name, file);
    this.#reading.push(reading);
    return reading;
  }

  async #addFile(name: string, file: FormFile): Promise<void> {
    if (this.#file !== undefined) throw fileErrors.malformedForm(`it has more than one '${name}'`);
    this.#file = this.#receive(file);
    await this.#file;
  }

  async #addText(name: string, { bytes }: FormFile): Promise<void> {
    this.fields.set(name, await readText(bytes));
  }

  /** Waits for everything that was added; throws the first error. */
  async finish(): Promise<Form<File>> {
    await Promise.all(this.#reading);
    return { fields: this.fields, file: await this.#file };
  }

  /** The file, if it was received although the form has an error. */
  async received(): Promise<File | undefined> {
    await Promise.allSettled(this.#reading);
    return this.#file?.catch(() => undefined);
  }
}

interface FormOptions<File> {
  /** The name of the field that has the file. */
  readonly fileField: string;
  /** Reads the file's bytes; called at most once. */
  readonly receive: (file: FormFile) => Promise<File>;
  /** Undoes `receive` when the form turns out to be invalid. */
  readonly discard: (file: File) => Promise<void>;
}

async function createParser<File>(contentType: string, reader: FormReader<File>) {
  const { default: busboy } = await import('busboy');
  const parser = busboy({
    headers: { 'content-type': contentType },
    // Keeps the bytes of names as they are.
    defParamCharset: 'latin1',
    limits: { fieldSize: maxFieldBytes, parts: maxFields },
  });
  const fail = (error: unknown) =>
    void parser.destroy(error instanceof Error ? error : new Error(String(error)));
  parser.on('field', (name, value, { valueTruncated }) => {
    try {
      reader.addField(decodeName(name ?? ''), value, valueTruncated);
    } catch (error) {
      fail(error);
    }
  });
  parser.on('file', (name, bytes, { filename, mimeType: mediaType }) => {
    // oxlint-disable-next-line typescript/no-unnecessary-condition -- the parser's types are wrong
    const file = { filename: decodeName(filename ?? '') || 'upload', mediaType, bytes };
    reader.addFile(decodeName(name ?? ''), file).catch(fail);
  });
  parser.on('partsLimit', () => fail(fileErrors.malformedForm('it has too many parts')));
  return parser;
}

/**
 * Reads a multipart form as it arrives; its fields may come in any order. Throws an ApiError for a body
 * that is no form.
 */
export async function readForm<File>(
  request: Pick<Request, 'headers' | 'body'>,
  { fileField, receive, discard }: FormOptions<File>,
): Promise<Form<File>> {
  const contentType = request.headers.get('content-type') ?? '';
  if (!isMultipart(contentType)) throw fileErrors.notMultipart(fileField);
  const boundary = boundaryOf(contentType);
  if (boundary === null) throw fileErrors.malformedForm('the Content-Type header has no boundary');
  const reader = new FormReader(fileField, receive);
  const parser = await createParser(contentType, reader);
  try {
    const source = Readable.from(withCrlfLines(chunksOf(request.body), boundary), {
      objectMode: false,
      highWaterMark: 64 * 1024,
    });
    await pipeline(source, parser);
    return await reader.finish();
  } catch (error) {
    const file = await reader.received();
    if (file !== undefined) await discard(file);
    throw formError(error);
  }
}
