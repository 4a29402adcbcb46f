import type OpenAI from 'openai';
import { sql } from 'kysely';
import { needsRowLock } from './capabilities.ts';
import {
  type Cursor,
  findDeletedCursor,
  type Page,
  type PageQuery,
  saveDeletedCursor,
  selectPage,
} from './keyset-page.ts';
import { type Database, decode } from './schema.ts';
import type { FileBatchRow, StoreFileRow } from './vector-store-schema.ts';
import type { FileTotals } from './vector-stores.ts';

export type { FileBatchRow, StoreFileRow } from './vector-store-schema.ts';

export type StoreFile = OpenAI.VectorStores.VectorStoreFile;
export type FileStatus = StoreFile['status'];
export type FileError = OpenAI.VectorStores.VectorStoreFile.LastError;
export type Attributes = Record<string, string | number | boolean>;

export interface StoreFileBody {
  chunking: OpenAI.StaticFileChunkingStrategy;
  last_error: FileError | null;
}

export const storeFileBody = (row: Pick<StoreFileRow, 'body'>): StoreFileBody => decode(row.body);

const columns = [
  'seq',
  'vector_store_id',
  'file_id',
  'created_at',
  'status',
  'batch_id',
  'usage_bytes',
  'attributes',
  'body',
  'lease_token',
  'attempts',
] as const;

/** The API's object for a file in a vector store. */
export function toStoreFile(row: StoreFileRow): StoreFile {
  const { chunking, last_error } = storeFileBody(row);
  return {
    id: row.file_id,
    object: 'vector_store.file',
    usage_bytes: row.usage_bytes,
    created_at: row.created_at,
    vector_store_id: row.vector_store_id,
    status: row.status,
    last_error,
    chunking_strategy: { type: 'static', static: chunking },
    attributes: decode<Attributes>(row.attributes),
  };
}

export interface NewStoreFile {
  readonly file_id: string;
  readonly attributes: Attributes;
  readonly chunking: OpenAI.StaticFileChunkingStrategy;
}

/** Rows of one statement: databases limit the number of its parameters. */
const rowsPerInsert = 500;

/**
 * Adds files to a store, to be read by a worker. A file that is in the store already is read again,
 * with its new attributes and chunking.
 */
export async function addStoreFiles(
  db: Database,
  store: { readonly vector_store_id: string; readonly batch_id: string | null },
  created_at: number,
  files: readonly NewStoreFile[],
): Promise<void> {
  for (let start = 0; start < files.length; start += rowsPerInsert) {
    const rows = files.slice(start, start + rowsPerInsert).map((file) => ({
      ...store,
      file_id: file.file_id,
      created_at,
      status: 'in_progress' as const,
      usage_bytes: 0,
      attributes: JSON.stringify(file.attributes),
      body: JSON.stringify({ chunking: file.chunking, last_error: null } satisfies StoreFileBody),
    }));
    await db
      .insertInto('vector_store_files')
      .values(rows)
      .onConflict((conflict) =>
        conflict.columns(['vector_store_id', 'file_id']).doUpdateSet((update) => ({
          status: 'in_progress',
          batch_id: update.ref('excluded.batch_id'),
          attributes: update.ref('excluded.attributes'),
          body: update.ref('excluded.body'),
          lease_token: null,
          lease_until: null,
          attempts: 0,
        })),
      )
      .execute();
  }
}

/** Puts a file whose content was replaced into the queue of all stores that it is in. */
export async function readAgain(db: Database, file_id: string): Promise<void> {
  await db
    .updateTable('vector_store_files')
    .set({ status: 'in_progress', lease_token: null, lease_until: null, attempts: 0 })
    .where('file_id', '=', file_id)
    .execute();
}

/** Finds a file of a store; a transaction locks it. */
export const findStoreFile = (
  db: Database,
  vector_store_id: string,
  file_id: string,
): Promise<StoreFileRow | undefined> =>
  db
    .selectFrom('vector_store_files')
    .select(columns)
    .where('vector_store_id', '=', vector_store_id)
    .where('file_id', '=', file_id)
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .executeTakeFirst();

interface FileList {
  readonly vector_store_id: string;
  readonly batch_id?: string;
  readonly status?: FileStatus | undefined;
}

/** A page of the files of a store or a batch, of one status or of all. */
export const listStoreFiles = (
  db: Database,
  { vector_store_id, batch_id, status }: FileList,
  page: PageQuery,
): Promise<Page<StoreFileRow>> =>
  selectPage(
    db
      .selectFrom('vector_store_files')
      .select(columns)
      .where('vector_store_id', '=', vector_store_id)
      .$if(batch_id !== undefined, (query) => query.where('batch_id', '=', batch_id ?? ''))
      .$if(status !== undefined, (query) => query.where('status', '=', status ?? 'completed')),
    page,
  );

/** The list cursor of a file, which may have been removed from the store. */
export const storeFileCursor = async (
  db: Database,
  vector_store_id: string,
  file_id: string,
): Promise<Cursor | undefined> =>
  (await findStoreFile(db, vector_store_id, file_id)) ??
  findDeletedCursor(db, vector_store_id, file_id);

export const updateAttributes = (
  db: Database,
  { seq }: StoreFileRow,
  attributes: Attributes,
): Promise<StoreFileRow> =>
  db
    .updateTable('vector_store_files')
    .set({ attributes: JSON.stringify(attributes) })
    .where('seq', '=', seq)
    .returning(columns)
    .executeTakeFirstOrThrow();

/** Removes a file from a store; its chunks have to be deleted separately. */
export async function deleteStoreFile(db: Database, row: StoreFileRow): Promise<void> {
  await db.deleteFrom('vector_store_files').where('seq', '=', row.seq).execute();
  await saveDeletedCursor(db, row.vector_store_id, { ...row, id: row.file_id });
}

/** Removes files from all stores; their chunks have to be deleted separately. */
export async function removeFromStores(db: Database, file_ids: readonly string[]): Promise<void> {
  const rows = await db
    .selectFrom('vector_store_files')
    .select(columns)
    .where('file_id', 'in', file_ids)
    .execute();
  for (const row of rows) await deleteStoreFile(db, row);
}

/** For each chunk of a file, how many characters of it the one before has too. */
export async function findOverlaps(db: Database, { seq }: StoreFileRow): Promise<number[]> {
  const row = await db
    .selectFrom('vector_store_files')
    .select('overlaps')
    .where('seq', '=', seq)
    .executeTakeFirst();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this program wrote it
  return JSON.parse(row?.overlaps ?? '[]') as number[];
}

const noFiles = { in_progress: 0, completed: 0, failed: 0, cancelled: 0, total: 0 };

/** The totals of each of these stores or batches; of one without files there are none. */
async function totalsBy(
  db: Database,
  owner: 'vector_store_id' | 'batch_id',
  ids: readonly string[],
): Promise<Map<string, FileTotals>> {
  const totals = new Map<string, FileTotals>();
  if (ids.length === 0) return totals;
  const groups = await db
    .selectFrom('vector_store_files')
    .select((select) => [
      select.ref(owner).as('id'),
      'status',
      select.fn.countAll<number>().as('count'),
      sql<number>`cast(sum(usage_bytes) as ${sql.raw('bigint')})`.as('bytes'),
    ])
    .where(owner, 'in', ids)
    .groupBy([owner, 'status'])
    .execute();
  for (const { id, status, count, bytes } of groups) {
    const { counts, usage_bytes } = totals.get(id ?? '') ?? { counts: noFiles, usage_bytes: 0 };
    totals.set(id ?? '', {
      counts: { ...counts, [status]: count, total: counts.total + count },
      usage_bytes: usage_bytes + bytes,
    });
  }
  return totals;
}

const noTotals: FileTotals = { counts: noFiles, usage_bytes: 0 };

/** Finds the totals of stores, by their ids. */
export async function storeTotals(
  db: Database,
  ids: readonly string[],
): Promise<(id: string) => FileTotals> {
  const totals = await totalsBy(db, 'vector_store_id', ids);
  return (id) => totals.get(id) ?? noTotals;
}

export async function batchTotals(db: Database, id: string): Promise<FileTotals> {
  return (await totalsBy(db, 'batch_id', [id])).get(id) ?? noTotals;
}

export const insertFileBatch = (
  db: Database,
  batch: Pick<FileBatchRow, 'id' | 'created_at' | 'vector_store_id'>,
): Promise<FileBatchRow> =>
  db.insertInto('vector_store_file_batches').values(batch).returningAll().executeTakeFirstOrThrow();

export const findFileBatch = (
  db: Database,
  vector_store_id: string,
  id: string,
): Promise<FileBatchRow | undefined> =>
  db
    .selectFrom('vector_store_file_batches')
    .selectAll()
    .where('vector_store_id', '=', vector_store_id)
    .where('id', '=', id)
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .executeTakeFirst();

/** Cancels the files of a batch that have not been read yet. */
export async function cancelFileBatch(db: Database, id: string): Promise<FileBatchRow> {
  await db
    .updateTable('vector_store_files')
    .set({ status: 'cancelled', lease_token: null, lease_until: null })
    .where('batch_id', '=', id)
    .where('status', '=', 'in_progress')
    .execute();
  return db
    .updateTable('vector_store_file_batches')
    .set({ is_cancelled: 1 })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** The API's object for a batch of files. */
export function toFileBatch(
  row: FileBatchRow,
  { counts }: FileTotals,
): OpenAI.VectorStores.VectorStoreFileBatch {
  const filesStatus = counts.in_progress > 0 ? 'in_progress' : 'completed';
  return {
    id: row.id,
    object: 'vector_store.files_batch',
    created_at: row.created_at,
    vector_store_id: row.vector_store_id,
    status: row.is_cancelled === 1 ? 'cancelled' : filesStatus,
    file_counts: counts,
  };
}
