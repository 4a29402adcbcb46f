import type OpenAI from 'openai';
import { sql } from 'kysely';
import { needsRowLock } from './capabilities.ts';
import { hideChunksOfFiles } from './chunks.ts';
import { removeFromStores } from './vector-store-files.ts';
import {
  type ByteRange,
  ContentDeleted,
  insertContent,
  readContents,
  releaseContents,
} from './file-contents.ts';
import {
  findDeletedCursor,
  type Page,
  type PageQuery,
  saveDeletedCursor,
  selectPage,
} from './keyset-page.ts';
import { type Database, decode, type FileRow } from './schema.ts';

/** What the row of a file keeps in its body. */
interface StoredBody {
  readonly filename: string;
  /** Null if unknown. */
  readonly media_type: string | null;
  /** Whether the model endpoint has the file under the same id. */
  readonly is_uploaded: boolean;
  /** The owners of the content, in order; absent: the file itself. */
  readonly content_ids?: readonly string[];
}

/** The fields of a file, without its ids and content. */
export interface FileBody extends StoredBody {
  readonly bytes: number;
}

export const fileBody = (row: Pick<FileRow, 'body' | 'bytes'>): FileBody => ({
  ...decode<StoredBody>(row.body),
  bytes: row.bytes,
});

/** The API's object for a file in this database. */
export function toFile(row: FileRow): OpenAI.FileObject {
  const { filename, bytes } = fileBody(row);
  const { id, created_at, expires_at } = row;
  return {
    id,
    object: 'file',
    bytes,
    created_at,
    filename,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK lacks some purposes
    purpose: row.purpose as OpenAI.FileObject['purpose'],
    status: 'processed',
    ...(expires_at !== null && { expires_at }),
  };
}

/** A new row of a file. */
export interface NewFileRow {
  readonly id: string;
  readonly created_at: number;
  readonly purpose: string;
  readonly expires_at: number | null;
  readonly thread_id: string | null;
  readonly run_id: string | null;
  readonly body: FileBody;
}

/** Inserts the row of a file whose content exists; resolves to undefined if its id exists. */
export function insertFileRow(
  db: Database,
  { body, ...row }: NewFileRow,
): Promise<FileRow | undefined> {
  const { bytes, ...stored } = body;
  return db
    .insertInto('files')
    .values({ ...row, bytes, body: JSON.stringify(stored) })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returningAll()
    .executeTakeFirst();
}

interface UploadedFile extends Pick<NewFileRow, 'id' | 'created_at' | 'purpose'> {
  /** Seconds until it expires; null: never. */
  readonly lifetime: number | null;
  readonly body: Omit<FileBody, 'is_uploaded'>;
}

/** Inserts the row of a file that a client has uploaded; its content exists. */
export async function insertUploadedFile(
  db: Database,
  { lifetime, body, ...file }: UploadedFile,
): Promise<FileRow> {
  const expires_at = lifetime === null ? null : file.created_at + lifetime;
  const row = await insertFileRow(db, {
    ...file,
    expires_at,
    thread_id: null,
    run_id: null,
    body: { ...body, is_uploaded: false },
  });
  if (row === undefined) throw new Error(`the new file's id ${file.id} exists already`);
  return row;
}

export interface NewFile extends Omit<NewFileRow, 'purpose' | 'expires_at'> {
  /** Default: code generated the file. */
  readonly purpose?: string;
  /** Default: never. */
  readonly expires_at?: number | null;
  readonly content: Uint8Array;
}

/** Stores a file that is in memory; does nothing if its id exists. */
export async function insertFile(db: Database, { content, ...file }: NewFile): Promise<void> {
  // The content of a deleted file with this id may still be there.
  const content_id = crypto.randomUUID();
  const body = { ...file.body, content_ids: [content_id] };
  const row = { purpose: 'assistants_output', expires_at: null, ...file, body };
  const inserted = await insertFileRow(db, row);
  if (inserted !== undefined) await insertContent(db, content_id, content);
}

export const findFile = (db: Database, id: string): Promise<FileRow | undefined> =>
  db.selectFrom('files').selectAll().where('id', '=', id).executeTakeFirst();

/** Which files a list has. */
export interface FileFilter {
  readonly purpose?: string;
  /** Unix seconds: files that have expired by then are left out. */
  readonly now: number;
}

/** A page of the files. */
export function listFiles(
  db: Database,
  page: PageQuery,
  { purpose, now }: FileFilter,
): Promise<Page<FileRow>> {
  const all = db
    .selectFrom('files')
    .selectAll()
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]));
  return selectPage(purpose === undefined ? all : all.where('purpose', '=', purpose), page);
}

/** The position of a file in the list, also of one that was deleted lately. */
export const findFileCursor = async (db: Database, id: string) =>
  (await findFile(db, id)) ?? (await findDeletedCursor(db, 'files', id));

/** The first of these files that the model endpoint does not have. */
export async function findLocalOnly(
  db: Database,
  ids: readonly string[],
): Promise<string | undefined> {
  if (ids.length === 0) return undefined;
  const rows = await db
    .selectFrom('files')
    .select(['id', 'body', 'bytes'])
    .where('id', 'in', ids)
    .execute();
  return rows.find((row) => !fileBody(row).is_uploaded)?.id;
}

const contentIds = (row: FileRow): readonly string[] => fileBody(row).content_ids ?? [row.id];

/** The bytes of a file in pieces of about 1 MiB. Throws {@link ContentDeleted} if it is deleted. */
export async function* readFile(
  db: Database,
  row: FileRow,
  range: ByteRange = { start: 0, end: row.bytes },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  for await (const piece of readContents(db, contentIds(row), range)) {
    bytes += piece.length;
    yield piece;
  }
  const expected = Math.min(range.end, row.bytes) - range.start;
  if (bytes < expected) throw new ContentDeleted('The file was deleted while it was read.');
}

/** The bytes of a file, by its id. */
export async function* readContent(db: Database, id: string): AsyncIterable<Uint8Array> {
  const row = await findFile(db, id);
  if (row === undefined) throw new ContentDeleted(`No such File object: ${id}`);
  yield* readFile(db, row);
}

/** Ids in one query: databases limit their number. */
const idsPerQuery = 500;

/** The first of these files that does not exist. */
export async function findMissingFile(
  db: Database,
  ids: readonly string[],
): Promise<string | undefined> {
  for (let start = 0; start < ids.length; start += idsPerQuery) {
    const some = ids.slice(start, start + idsPerQuery);
    const rows = await db
      .selectFrom('files')
      .select('id')
      .where('id', 'in', some)
      // They are not deleted before the caller's transaction has used them.
      .$if(needsRowLock(db), (query) => query.forShare())
      .execute();
    const existing = new Set(rows.map(({ id }) => id));
    const missing = some.find((id) => !existing.has(id));
    if (missing !== undefined) return missing;
  }
  return undefined;
}

/** The content of a file in one piece, for small files; undefined: there is no such file. */
export async function findContent(
  db: Database,
  id: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const row = await findFile(db, id);
  if (row === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of readFile(db, row)) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

/**
 * Deletes files, also from vector stores, in a transaction of the caller. Resolves to what
 * `deleteHidden` deletes after it; chunks that are not deleted then, and the contents, are deleted by
 * the next cleaning up. Unknown ids are ignored.
 */
export async function deleteFiles(
  db: Database,
  ids: readonly string[],
): Promise<readonly number[]> {
  const hidden: number[] = [];
  for (let start = 0; start < ids.length; start += idsPerQuery) {
    const some = ids.slice(start, start + idsPerQuery);
    await removeFromStores(db, some);
    hidden.push(...(await hideChunksOfFiles(db, some)));
    await deleteFileRows(db, some);
  }
  return hidden;
}

/** Deletes the rows of files in a transaction of the caller; vector stores keep the files. */
export async function deleteFileRows(db: Database, ids: readonly string[]): Promise<void> {
  const rows = await db.selectFrom('files').selectAll().where('id', 'in', ids).execute();
  for (const row of rows) await saveDeletedCursor(db, 'files', row);
  await releaseContents(
    db,
    rows.flatMap((row) => contentIds(row)),
  );
  await db.deleteFrom('files').where('id', 'in', ids).execute();
}

/** Whether files have expired by `now`, in Unix seconds. */
export const hasExpiredFiles = async (db: Database, now: number): Promise<boolean> =>
  (await expiredFiles(db, now).limit(1).execute()).length > 0;

const expiredFiles = (db: Database, now: number) =>
  db.selectFrom('files').select('id').where('expires_at', '<=', now);

/** Files that one transaction deletes. */
const maxDeletedFiles = 100;

/** Deletes up to 100 files that have expired by `now`, in Unix seconds, like {@link deleteFiles}. */
export async function deleteExpiredFiles(db: Database, now: number): Promise<readonly number[]> {
  const rows = await expiredFiles(db, now).limit(maxDeletedFiles).execute();
  return deleteFiles(
    db,
    rows.map(({ id }) => id),
  );
}

/** Ids of all files that a run generated, whether or not a message refers to them. */
export async function runFiles(db: Database, run_id: string): Promise<string[]> {
  const rows = await db.selectFrom('files').select('id').where('run_id', '=', run_id).execute();
  return rows.map(({ id }) => id);
}

/** The bytes of all files and of all parts of uploads. */
export async function storedBytes(db: Database): Promise<number> {
  const total = sql<number>`
    coalesce((select sum(bytes) from files), 0) + coalesce((select sum(bytes) from upload_parts), 0)`;
  const { rows } = await sql<{ bytes: number | string }>`select ${total} as bytes`.execute(db);
  return Number(rows[0]?.bytes ?? 0);
}
