import type OpenAI from 'openai';
import { fieldOf } from '../../shared/json.ts';
import { insertPiece } from '../store/file-contents.ts';
import {
  deleteFileRows,
  fileBody,
  findFile,
  insertFileRow,
  readFile,
  toFile,
} from '../store/files.ts';
import type { Database, FileRow } from '../store/schema.ts';
import { readAgain } from '../store/vector-store-files.ts';
import { ImportError } from './import-source.ts';
import type { ImportSession } from './import-session.ts';
import { type At, duplicateId } from './import-checks.ts';
import { textOrNull } from './file-references.ts';
import type { FileLineKind } from './object-kinds.ts';
import { invalid, numberOf, textOf } from './line-fields.ts';
import { importStoreFile, importVectorStore } from './vector-store-lines.ts';

/*
 * A file is exported as its object, then its content in base64, in lines of at most 1 MiB. Both have
 * fields of this program's own.
 */

/** Bytes of content in one line: their base64 has 1 MiB. */
const lineBytes = 3 * 2 ** 18;

/** The object of a file in an export. */
interface FileLine extends OpenAI.FileObject {
  readonly media_type: string | null;
  readonly thread_id: string | null;
  readonly run_id: string | null;
  /** Whether the model endpoint had the file under this id. */
  readonly is_uploaded: boolean;
}

interface ContentLine {
  readonly object: 'file.content';
  readonly file_id: string;
  /** The offset of the first byte. */
  readonly position: number;
  readonly data: string;
}

/** A file and its content, as objects of an export. */
export async function* fileLines(
  db: Database,
  row: FileRow,
): AsyncGenerator<FileLine | ContentLine> {
  const { media_type, is_uploaded } = fileBody(row);
  const { thread_id, run_id } = row;
  yield { ...toFile(row), media_type, thread_id, run_id, is_uploaded };
  let position = 0;
  let rest = Buffer.alloc(0);
  const line = (bytes: Buffer): ContentLine => {
    const data = bytes.toString('base64');
    const content = { object: 'file.content', file_id: row.id, position, data } as const;
    position += bytes.length;
    return content;
  };
  for await (const piece of readFile(db, row)) {
    rest = Buffer.concat([rest, piece]);
    let start = 0;
    for (; rest.length - start >= lineBytes; start += lineBytes) {
      yield line(rest.subarray(start, start + lineBytes));
    }
    rest = rest.subarray(start);
  }
  if (rest.length > 0) yield line(rest);
}

/** Makes room for a file that exists; throws unless files are to be overwritten. */
async function replaceFile({ db, options }: ImportSession, id: string, at: At): Promise<void> {
  if ((await findFile(db, id)) === undefined) return;
  if (!options.replace) throw duplicateId(at, id, false);
  await deleteFileRows(db, [id]);
  await readAgain(db, id);
}

async function importFile(session: ImportSession, value: unknown, at: At): Promise<void> {
  const id = textOf(value, 'id', at);
  if (session.files.has(id)) throw duplicateId(at, id, true);
  await replaceFile(session, id, at);
  const bytes = numberOf(value, 'bytes', at);
  const content_id = crypto.randomUUID();
  const hasExpiry = (fieldOf(value, 'expires_at') ?? null) !== null;
  await insertFileRow(session.db, {
    id,
    created_at: numberOf(value, 'created_at', at),
    purpose: textOf(value, 'purpose', at),
    expires_at: hasExpiry ? numberOf(value, 'expires_at', at) : null,
    thread_id: textOrNull(fieldOf(value, 'thread_id')),
    run_id: textOrNull(fieldOf(value, 'run_id')),
    body: {
      filename: textOf(value, 'filename', at),
      media_type: textOrNull(fieldOf(value, 'media_type')),
      bytes,
      is_uploaded: fieldOf(value, 'is_uploaded') === true,
      content_ids: [content_id],
    },
  });
  session.files.set(id, { content_id, bytes, received: 0, pieces: 0, at });
  session.counts.file = (session.counts.file ?? 0) + 1;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

async function importContent(session: ImportSession, value: unknown, at: At): Promise<void> {
  const id = textOf(value, 'file_id', at);
  const file = session.files.get(id);
  if (file === undefined) {
    throw new ImportError(at('file_id'), `Invalid 'file_id': the file '${id}' is not before it.`);
  }
  const data = textOf(value, 'data', at);
  if (!base64.test(data)) throw invalid(at, 'data', 'base64');
  const content = Buffer.from(data, 'base64');
  if (numberOf(value, 'position', at) !== file.received) {
    throw invalid(at, 'position', `${file.received}, where the content before it ends`);
  }
  await insertPiece(session.db, file.content_id, file.pieces, content);
  file.received += content.length;
  file.pieces += 1;
  if (file.received > file.bytes) throw invalid(at, 'data', `at most ${file.bytes} bytes`);
}

/** Imports a line of an exported file or vector store, by its kind. */
export const fileLineImporters: Readonly<Record<FileLineKind, typeof importFile>> = {
  file: importFile,
  'file.content': importContent,
  vector_store: importVectorStore,
  'vector_store.file': importStoreFile,
};

/** Throws for the first file whose content did not arrive completely. */
export function checkFilesComplete({ files }: ImportSession): void {
  for (const [id, { bytes, received, at }] of files) {
    if (received === bytes) continue;
    throw new ImportError(
      at('bytes'),
      `Incomplete file '${id}': its content has ${received} of ${bytes} bytes. Export it with --files.`,
    );
  }
}
