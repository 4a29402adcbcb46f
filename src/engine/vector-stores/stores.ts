import { type Clock, unixSeconds } from '../../shared/clock.ts';
import { ApiError } from '../../shared/errors.ts';
import type { Ids } from '../../shared/ids.ts';
import { errors } from '../http/errors.ts';
import type { NewVectorStore } from '../models/endpoint-files.ts';
import { deleteHidden, hideChunks } from '../store/chunks.ts';
import { findMissingFile } from '../store/files.ts';
import { iterateAll } from '../store/keyset-page.ts';
import type { Database } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import {
  addStoreFiles,
  type Attributes,
  deleteStoreFile,
  type FileBatchRow,
  findStoreFile,
  insertFileBatch,
  listStoreFiles as listFilePage,
  type NewStoreFile,
  storeTotals,
} from '../store/vector-store-files.ts';
import {
  deleteVectorStore,
  findVectorStore,
  insertVectorStore,
  isExpired,
  touchVectorStore,
  type VectorStoreBody,
  type VectorStoreRow,
} from '../store/vector-stores.ts';
import { type Chunking, type ChunkingStrategy, toChunking } from './chunking-strategy.ts';

/** What the functions for local vector stores need. */
export interface VectorStoreDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Called when files wait to be read. */
  readonly wakeIngestion: () => void;
}

/** The fields of a new store; those of the API, with their defaults. */
export interface NewStore {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly metadata?: Record<string, string> | null;
  readonly expires_after?: VectorStoreBody['expires_after'];
  readonly file_ids?: readonly string[];
  readonly chunking_strategy?: ChunkingStrategy | null;
}

/** A file to add, and how. */
export interface FileToAdd {
  readonly file_id: string;
  readonly attributes?: Attributes | null;
  readonly chunking_strategy?: ChunkingStrategy | null;
}

/** How to add the files of one call. */
type AddOptions = Pick<NewVectorStore, 'chunking_strategy'>;

const vectorStoreKind = 'vector store';

/** Finds a store that can be searched and changed; throws the API's error for any other. */
export async function requireUsableStore(
  db: Database,
  id: string,
  now: number,
): Promise<VectorStoreRow> {
  const row = await findVectorStore(db, id);
  if (row === undefined) throw errors.notFound(vectorStoreKind, id);
  if (isExpired(row, now)) throw errors.vectorStoreExpired(id);
  return row;
}

/** The files of a request, each once: the last one counts. Throws for files that do not exist. */
async function toNewFiles(
  db: Database,
  files: readonly FileToAdd[],
  path: (index: number) => string,
): Promise<NewStoreFile[]> {
  const missing = await findMissingFile(
    db,
    files.map(({ file_id }) => file_id),
  );
  if (missing !== undefined) {
    throw errors.storeFileMissing(
      missing,
      path(files.findIndex((file) => file.file_id === missing)),
    );
  }
  const byId = new Map<string, NewStoreFile>();
  for (const { file_id, attributes, chunking_strategy } of files) {
    const chunking: Chunking = toChunking(chunking_strategy);
    byId.set(file_id, { file_id, attributes: attributes ?? {}, chunking });
  }
  return [...byId.values()];
}

/** Where a list of file ids is in a request. */
const inFileIds = (index: number): string => `file_ids[${index}]`;

/** Creates a store in the caller's transaction, with files that will be read. */
export async function insertStore(
  db: Database,
  { clock, ids }: Pick<VectorStoreDeps, 'clock' | 'ids'>,
  { file_ids = [], chunking_strategy = null, ...fields }: NewStore,
): Promise<VectorStoreRow> {
  const files = file_ids.map((file_id) => ({ file_id, chunking_strategy }));
  const newFiles = await toNewFiles(db, files, inFileIds);
  const now = unixSeconds(clock);
  const times = { created_at: now, last_active_at: now };
  const row = await insertVectorStore(db, ids.newId('vs_'), times, {
    name: fields.name ?? '',
    description: fields.description ?? null,
    metadata: fields.metadata ?? {},
    expires_after: fields.expires_after ?? null,
  });
  await addStoreFiles(db, { vector_store_id: row.id, batch_id: null }, now, newFiles);
  return row;
}

/** Adds files to a store in the caller's transaction, as a batch or not. */
export async function addToStore(
  db: Database,
  { clock, ids }: Pick<VectorStoreDeps, 'clock' | 'ids'>,
  {
    id,
    files,
    isBatch,
    path = inFileIds,
  }: {
    readonly id: string;
    readonly files: readonly FileToAdd[];
    readonly isBatch: boolean;
    readonly path?: (index: number) => string;
  },
): Promise<FileBatchRow | null> {
  const now = unixSeconds(clock);
  const store = await requireUsableStore(db, id, now);
  const newFiles = await toNewFiles(db, files, path);
  const batch = isBatch
    ? await insertFileBatch(db, {
        id: ids.newId('vsfb_'),
        created_at: now,
        vector_store_id: id,
      })
    : null;
  const owner = { vector_store_id: id, batch_id: batch?.id ?? null };
  await addStoreFiles(db, owner, now, newFiles);
  await touchVectorStore(db, store, now);
  return batch;
}

/** Creates a store; resolves to its id. */
export async function createStore(deps: VectorStoreDeps, store: NewStore): Promise<string> {
  const row = await transact(deps.db, (db) => insertStore(db, deps, store));
  deps.wakeIngestion();
  return row.id;
}

/** Adds files to a store, as one batch. */
export async function addFiles(
  deps: VectorStoreDeps,
  store_id: string,
  file_ids: readonly string[],
  { chunking_strategy }: AddOptions = {},
): Promise<void> {
  if (file_ids.length === 0) return;
  const files = file_ids.map((file_id) => ({
    file_id,
    ...(chunking_strategy !== undefined && { chunking_strategy }),
  }));
  await transact(deps.db, (db) => addToStore(db, deps, { id: store_id, files, isBatch: true }));
  deps.wakeIngestion();
}

/** Deletes a store, its files' rows and their chunks; the files stay. False if there is none. */
export async function deleteStore(
  { db }: Pick<VectorStoreDeps, 'db'>,
  id: string,
): Promise<boolean> {
  const hidden = await transact(db, async (transaction) => {
    if ((await findVectorStore(transaction, id)) === undefined) return null;
    await deleteVectorStore(transaction, id);
    return hideChunks(transaction, id);
  });
  // What a crash leaves is deleted later.
  if (hidden !== null) await deleteHidden(db, hidden);
  return hidden !== null;
}

/** The ids of the files in a store, oldest first; none if it does not exist. */
export async function listStoreFiles(
  { db }: Pick<VectorStoreDeps, 'db'>,
  vector_store_id: string,
): Promise<string[]> {
  const ids: string[] = [];
  const files = iterateAll((page) => listFilePage(db, { vector_store_id }, page));
  for await (const { file_id } of files) ids.push(file_id);
  return ids;
}

/** Removes a file from a store; false if it is not there. The file itself stays. */
export async function removeFile(
  { db }: Pick<VectorStoreDeps, 'db'>,
  store_id: string,
  file_id: string,
): Promise<boolean> {
  const hidden = await transact(db, async (transaction) => {
    const row = await findStoreFile(transaction, store_id, file_id);
    if (row === undefined) return null;
    await deleteStoreFile(transaction, row);
    return hideChunks(transaction, store_id, file_id);
  });
  // Only these: the file may be added again meanwhile.
  if (hidden !== null) await deleteHidden(db, hidden);
  return hidden !== null;
}

/** The number of files in a store that have not been read yet. */
export async function countIndexing(
  { db }: Pick<VectorStoreDeps, 'db'>,
  id: string,
): Promise<number> {
  return (await storeTotals(db, [id]))(id).counts.in_progress;
}

/** Whether a store exists and has not expired. */
export async function isUsable(
  { db, clock }: Pick<VectorStoreDeps, 'db' | 'clock'>,
  id: string,
): Promise<boolean> {
  return requireUsableStore(db, id, unixSeconds(clock)).then(
    () => true,
    (error: unknown) => {
      if (error instanceof ApiError) return false;
      throw error;
    },
  );
}

/** Notes that a store is used, which puts off its expiry: call it on every search. */
export async function touchStore(
  { db, clock }: Pick<VectorStoreDeps, 'db' | 'clock'>,
  id: string,
): Promise<void> {
  const now = unixSeconds(clock);
  // Once a minute is enough for an expiry that is counted in days.
  const isDue = (row: VectorStoreRow | undefined) =>
    row !== undefined && now - row.last_active_at >= 60;
  if (!isDue(await findVectorStore(db, id))) return;
  const touch = async (transaction: Database) => {
    const row = await findVectorStore(transaction, id);
    if (row !== undefined) await touchVectorStore(transaction, row, now);
  };
  await transact(db, touch, { asyncCommit: true });
}
