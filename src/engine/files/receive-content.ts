import type { ApiError } from '../../shared/errors.ts';
import type { EngineOptions } from '../options.ts';
import { ContentDeleted, discard, writeContent } from '../store/file-contents.ts';
import { fileErrors } from './file-errors.ts';
import { freeBytes } from './limits.ts';
import { type FormFile, readForm } from './multipart.ts';

/** The chunks, until they are more than `maximum`. */
async function* limited(
  chunks: AsyncIterable<Uint8Array>,
  maximum: number,
  error: () => ApiError,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maximum) throw error();
    yield chunk;
  }
}

export interface ReceivedContent extends Omit<FormFile, 'bytes'> {
  readonly id: string;
  readonly bytes: number;
}

type Deps = Pick<EngineOptions, 'db' | 'clock' | 'ids' | 'fileLimits'>;

interface ContentOptions {
  /** The field of the form that has the content. */
  readonly field: string;
  /** What the id of the content starts with. */
  readonly prefix: string;
  readonly maxBytes: number;
  readonly tooLarge: (maxBytes: number) => ApiError;
}

async function saveOrDiscard<Result>(
  db: EngineOptions['db'],
  { id }: ReceivedContent,
  save: () => Promise<Result>,
): Promise<Result> {
  try {
    return await save();
  } catch (error) {
    // It stays if the transaction was committed without a confirmation.
    await discard(db, id).catch(() => {});
    throw error;
  }
}

/** The headers of a form's parts take less. */
const maxFormOverhead = 2 ** 20;

/**
 * Reads a form and writes its file into the database, where nobody sees it yet. Then `save` makes
 * something of it; if that fails, the content is deleted.
 */
export async function receiveContent<Result>(
  { db, clock, ids, fileLimits }: Deps,
  request: Request,
  { field, prefix, maxBytes, tooLarge }: ContentOptions,
  save: (content: ReceivedContent, fields: ReadonlyMap<string, string>) => Promise<Result>,
): Promise<Result> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > maxBytes + maxFormOverhead) throw tooLarge(maxBytes);
  const free = await freeBytes(db, fileLimits);
  const exceeded = () => fileErrors.storageExceeded(fileLimits.maxStorageBytes);
  if (announced - maxFormOverhead > free) throw exceeded();
  const receive = async ({ filename, mediaType, bytes: chunks }: FormFile) => {
    const id = ids.newId(prefix);
    const within = limited(
      limited(chunks, maxBytes, () => tooLarge(maxBytes)),
      free,
      exceeded,
    );
    const bytes = await writeContent(db, id, within, () => clock.now());
    return { id, filename, mediaType, bytes };
  };
  try {
    const form = await readForm(request, {
      fileField: field,
      receive,
      discard: ({ id }) => discard(db, id),
    });
    const content = form.file;
    if (content === undefined) throw fileErrors.missingProperty(field);
    return await saveOrDiscard(db, content, () => save(content, form.fields));
  } catch (error) {
    throw error instanceof ContentDeleted ? fileErrors.tooSlow() : error;
  }
}
