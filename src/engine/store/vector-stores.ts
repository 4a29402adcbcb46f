import type OpenAI from 'openai';
import { type ExpressionBuilder, sql } from 'kysely';
import { needsRowLock } from './capabilities.ts';
import {
  type Cursor,
  findDeletedCursor,
  type Page,
  type PageQuery,
  saveDeletedCursor,
  selectPage,
} from './keyset-page.ts';
import { type Database, decode, type Tables } from './schema.ts';
import type { VectorStoreRow } from './vector-store-schema.ts';

export type { VectorStoreRow } from './vector-store-schema.ts';

export interface VectorStoreBody {
  name: string;
  description: string | null;
  metadata: Record<string, string>;
  expires_after: OpenAI.VectorStore.ExpiresAfter | null;
}

const secondsPerDay = 24 * 60 * 60;

export const vectorStoreBody = (row: Pick<VectorStoreRow, 'body'>): VectorStoreBody =>
  decode(row.body);

/** When a store expires that was last used at `last_active_at`; null: never. */
const expiryOf = (
  { expires_after }: Pick<VectorStoreBody, 'expires_after'>,
  last_active_at: number,
): number | null =>
  expires_after === null ? null : last_active_at + expires_after.days * secondsPerDay;

/** Whether a store has expired at `now` (Unix seconds). An expired store stays so. */
export const isExpired = (row: VectorStoreRow, now: number): boolean =>
  row.is_cleared === 1 || (row.expires_at !== null && row.expires_at <= now);

/** How many files a store or batch has of each status, and the bytes of their chunks. */
export interface FileTotals {
  readonly counts: OpenAI.VectorStore.FileCounts;
  readonly usage_bytes: number;
}

/** The API's object for a vector store. */
export function toVectorStore(
  row: VectorStoreRow,
  { counts, usage_bytes }: FileTotals,
  now: number,
): OpenAI.VectorStore & { description: string | null } {
  const { name, description, metadata, expires_after } = vectorStoreBody(row);
  const filesStatus = counts.in_progress > 0 ? 'in_progress' : 'completed';
  return {
    id: row.id,
    object: 'vector_store',
    created_at: row.created_at,
    name,
    description,
    usage_bytes,
    file_counts: counts,
    status: isExpired(row, now) ? 'expired' : filesStatus,
    ...(expires_after !== null && { expires_after }),
    expires_at: row.expires_at,
    last_active_at: row.last_active_at,
    metadata,
  };
}

export const insertVectorStore = (
  db: Database,
  id: string,
  { created_at, last_active_at }: Pick<VectorStoreRow, 'created_at' | 'last_active_at'>,
  body: VectorStoreBody,
): Promise<VectorStoreRow> =>
  db
    .insertInto('vector_stores')
    .values({
      id,
      created_at,
      last_active_at,
      expires_at: expiryOf(body, last_active_at),
      body: JSON.stringify(body),
    })
    .returningAll()
    .executeTakeFirstOrThrow();

/** Finds a store; a transaction locks it. */
export const findVectorStore = (db: Database, id: string): Promise<VectorStoreRow | undefined> =>
  db
    .selectFrom('vector_stores')
    .selectAll()
    .where('id', '=', id)
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .executeTakeFirst();

export const listVectorStores = (db: Database, page: PageQuery): Promise<Page<VectorStoreRow>> =>
  selectPage(db.selectFrom('vector_stores').selectAll(), page);

/** The list cursor of a store, which may have been deleted. */
export const vectorStoreCursor = async (db: Database, id: string): Promise<Cursor | undefined> =>
  (await findVectorStore(db, id)) ?? findDeletedCursor(db, 'vector_stores', id);

/** Changes a store; it then expires by its new rule. */
export const updateVectorStore = (
  db: Database,
  row: VectorStoreRow,
  body: VectorStoreBody,
): Promise<VectorStoreRow> =>
  db
    .updateTable('vector_stores')
    .set({ body: JSON.stringify(body), expires_at: expiryOf(body, row.last_active_at) })
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();

/** Notes that a store is used now (Unix seconds), which puts off its expiry. */
export async function touchVectorStore(
  db: Database,
  row: VectorStoreRow,
  now: number,
): Promise<void> {
  if (now <= row.last_active_at || isExpired(row, now)) return;
  const expires_at = expiryOf(vectorStoreBody(row), now);
  await db
    .updateTable('vector_stores')
    .set({ last_active_at: now, expires_at })
    .where('id', '=', row.id)
    .where('is_cleared', '=', 0)
    .execute();
}

/** Deletes a store with its files' rows; their chunks have to be deleted separately. */
export async function deleteVectorStore(db: Database, id: string): Promise<void> {
  const row = await db
    .deleteFrom('vector_stores')
    .where('id', '=', id)
    .returning(['id', 'created_at', 'seq'])
    .executeTakeFirst();
  if (row !== undefined) await saveDeletedCursor(db, 'vector_stores', row);
}

const isDue = (now: number) => (where: ExpressionBuilder<Tables, 'vector_stores'>) =>
  where.and([where('is_cleared', '=', 0), where('expires_at', '<=', now)]);

/** Some stores that have expired and still have chunks. */
export const expiredStores = (
  db: Database,
  now: number,
  limit: number,
): Promise<VectorStoreRow[]> =>
  db.selectFrom('vector_stores').selectAll().where(isDue(now)).limit(limit).execute();

/**
 * Marks a store that has expired at `now`, whose chunks have to be deleted: its files stay listed, and
 * take no space. Resolves to whether it has.
 */
export async function clearExpiredStore(db: Database, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('vector_stores')
    .set({ is_cleared: 1 })
    .where('id', '=', id)
    .where(isDue(now))
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await db
    .updateTable('vector_store_files')
    .set({
      usage_bytes: 0,
      lease_token: null,
      lease_until: null,
      overlaps: null,
      status: sql`case when status = 'in_progress' then 'cancelled' else status end`,
    })
    .where('vector_store_id', '=', id)
    .execute();
  return true;
}

/**
 * Some versions, by their `seq`, that are incomplete although their file has been read: whatever was
 * to delete or replace them was interrupted. A file that is read anew is `in_progress`.
 */
export const incompleteVersions = async (db: Database, limit: number): Promise<number[]> => {
  const rows = await db
    .selectFrom('chunk_files')
    .innerJoin('vector_store_files', (join) =>
      join
        .onRef('vector_store_files.vector_store_id', '=', 'chunk_files.vector_store_id')
        .onRef('vector_store_files.file_id', '=', 'chunk_files.file_id'),
    )
    .select('chunk_files.seq')
    .where('chunk_files.is_complete', '=', 0)
    .where('vector_store_files.status', '=', 'completed')
    .limit(limit)
    .execute();
  return rows.map(({ seq }) => seq);
};

/**
 * Some files that have chunks although they should have none: they were removed, could not be read or
 * are in a store that has expired, and what was to delete the chunks was interrupted.
 */
export const filesWithUnusedChunks = (
  db: Database,
  limit: number,
): Promise<{ vector_store_id: string; file_id: string }[]> =>
  db
    .selectFrom('chunk_files')
    .leftJoin('vector_store_files', (join) =>
      join
        .onRef('vector_store_files.vector_store_id', '=', 'chunk_files.vector_store_id')
        .onRef('vector_store_files.file_id', '=', 'chunk_files.file_id'),
    )
    .leftJoin('vector_stores', 'vector_stores.id', 'chunk_files.vector_store_id')
    .select(['chunk_files.vector_store_id', 'chunk_files.file_id'])
    .where((where) =>
      where.or([
        where('vector_store_files.seq', 'is', null),
        where('vector_store_files.status', 'in', ['failed', 'cancelled']),
        where('vector_stores.is_cleared', '=', 1),
      ]),
    )
    .limit(limit)
    .execute();
