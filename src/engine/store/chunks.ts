import { yieldIfOthersWait } from '../../shared/clock.ts';
import { chunkId, positionOf } from './chunk-ids.ts';
import { deleteFromIndex, insertIntoIndex, type IndexedChunk } from './chunk-index.ts';
import type { Database } from './schema.ts';
import { transact } from './transaction.ts';

/** A passage of a file that is to be stored; `position` counts from 0. */
export interface NewChunk {
  readonly position: number;
  /** The page that the passage begins on; null where files have no pages. */
  readonly page: number | null;
  readonly text: string;
}

type ChunkBatches = AsyncIterable<readonly NewChunk[]> | Iterable<readonly NewChunk[]>;

/** Others write between two batches, so a batch must be short. */
const batchSize = 32;

/** PostgreSQL cannot store NUL, and neither database half a surrogate pair. */
const storableText = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD');

function* inBatches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += batchSize) {
    yield items.slice(start, start + batchSize);
  }
}

/** Runs a step in the caller's transaction, else in one of its own. */
const inTransaction = <T>(db: Database, work: (db: Database) => Promise<T>): Promise<T> =>
  db.isTransaction ? work(db) : transact(db, work);

/** Another writer has replaced or deleted the file's chunks in the meantime. */
export class ChunksReplaced extends Error {
  override readonly name = 'ChunksReplaced';
}

async function insertBatch(
  db: Database,
  seq: number,
  vector_store_id: string,
  chunks: readonly NewChunk[],
): Promise<void> {
  const { indexTerms } = await import('../terms/term-keys.ts');
  const { termsOf } = await import('../terms/terms.ts');
  const indexed: IndexedChunk[] = [];
  let termCount = 0;
  for (const { position, text } of chunks) {
    await yieldIfOthersWait();
    const index = indexTerms(vector_store_id, termsOf(text));
    termCount += index.length;
    indexed.push({ id: chunkId(seq, position), ...index });
  }
  await inTransaction(db, async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('chunk_files')
      .set((select) => ({
        chunk_count: select('chunk_count', '+', chunks.length),
        term_count: select('term_count', '+', termCount),
      }))
      .where('seq', '=', seq)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new ChunksReplaced('The chunks of this file were replaced.');
    const rows = chunks.map(({ position, page, text }, index) => ({
      id: chunkId(seq, position),
      page,
      text: storableText(text),
      term_count: indexed[index]?.length ?? 0,
      terms: indexed[index]?.counts ?? new Uint8Array(),
    }));
    await transaction.insertInto('chunks').values(rows).execute();
    await insertIntoIndex(transaction, indexed);
  });
}

/** Parameters of one statement. */
const maxParameters = 500;

const filesOf = (db: Database, vector_store_id: string, file_id?: string) => {
  const query = db.selectFrom('chunk_files').where('vector_store_id', '=', vector_store_id);
  return file_id === undefined ? query : query.where('file_id', '=', file_id);
};

/** Deletes a version of a file in batches. */
async function deleteVersion(db: Database, seq: number): Promise<void> {
  await inTransaction(db, (transaction) =>
    transaction
      .updateTable('chunk_files')
      .set({ is_complete: 0 })
      .where('seq', '=', seq)
      .executeTakeFirst(),
  );
  for (;;) {
    const rows = await db
      .selectFrom('chunks')
      .select('id')
      .where('id', '>=', chunkId(seq, 0))
      .where('id', '<', chunkId(seq + 1, 0))
      .limit(batchSize * 8)
      .execute();
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) break;
    await inTransaction(db, async (transaction) => {
      await deleteFromIndex(transaction, ids);
      await transaction.deleteFrom('chunks').where('id', 'in', ids).execute();
    });
  }
  await inTransaction(db, async (transaction) => {
    await transaction.deleteFrom('chunk_vectors').where('file_seq', '=', seq).execute();
    await transaction.deleteFrom('chunk_files').where('seq', '=', seq).execute();
  });
}

/**
 * Hides the chunks that one file in a store has now, or the whole store: searches do not find them any
 * more. Call it in the transaction that removes the file, and then {@link deleteHidden} with the result.
 */
export async function hideChunks(
  db: Database,
  vector_store_id: string,
  file_id?: string,
): Promise<readonly number[]> {
  const rows = await filesOf(db, vector_store_id, file_id).select('seq').execute();
  const versions = rows.map(({ seq }) => seq);
  for (let start = 0; start < versions.length; start += maxParameters) {
    await db
      .updateTable('chunk_files')
      .set({ is_complete: 0 })
      .where('seq', 'in', versions.slice(start, start + maxParameters))
      .execute();
  }
  return versions;
}

/** Like {@link hideChunks}, for the chunks of files in all stores. */
export async function hideChunksOfFiles(
  db: Database,
  file_ids: readonly string[],
): Promise<readonly number[]> {
  const rows = await db
    .updateTable('chunk_files')
    .set({ is_complete: 0 })
    .where('file_id', 'in', file_ids)
    .returning('seq')
    .execute();
  return rows.map(({ seq }) => seq);
}

/**
 * Deletes chunks that {@link hideChunks} or {@link hideChunksOfFiles} has hidden, in batches, so that
 * nobody waits for them.
 */
export async function deleteHidden(db: Database, versions: readonly number[]): Promise<void> {
  for (const seq of versions) await deleteVersion(db, seq);
}

/** Deletes the chunks that one file in a store has now, or the whole store. */
export async function deleteChunks(
  db: Database,
  vector_store_id: string,
  file_id?: string,
): Promise<void> {
  const hide = (transaction: Database) => hideChunks(transaction, vector_store_id, file_id);
  await deleteHidden(db, await inTransaction(db, hide));
}

/**
 * Stores a file's chunks in one store in place of those that it had. Outside a transaction, they are
 * written in several; they are found when all are stored, and the old ones until then. Throws
 * {@link ChunksReplaced} when another call for this file overtakes this one.
 */
export async function replaceChunks(
  db: Database,
  vector_store_id: string,
  file_id: string,
  chunks: ChunkBatches,
): Promise<void> {
  // Versions that are not complete are of a call that was interrupted, or is overtaken now.
  const unfinished = await filesOf(db, vector_store_id, file_id)
    .select('seq')
    .where('is_complete', '=', 0)
    .execute();
  for (const { seq } of unfinished) await deleteVersion(db, seq);
  const { seq } = await inTransaction(db, (transaction) =>
    transaction
      .insertInto('chunk_files')
      .values({
        vector_store_id,
        file_id,
        is_complete: 0,
        chunk_count: 0,
        term_count: 0,
        embedding: null,
      })
      .returning('seq')
      .executeTakeFirstOrThrow(),
  );
  for await (const batch of chunks) {
    for (const part of inBatches(batch)) await insertBatch(db, seq, vector_store_id, part);
  }
  const replaced = await inTransaction(db, async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('chunk_files')
      .set({ is_complete: 1 })
      .where('seq', '=', seq)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new ChunksReplaced('The chunks of this file were replaced.');
    const others = await filesOf(transaction, vector_store_id, file_id)
      .select('seq')
      .where('seq', '<>', seq)
      .execute();
    await transaction
      .updateTable('chunk_files')
      .set({ is_complete: 0 })
      .where('vector_store_id', '=', vector_store_id)
      .where('file_id', '=', file_id)
      .where('seq', '<>', seq)
      .execute();
    return others;
  });
  for (const other of replaced) await deleteVersion(db, other.seq);
}

/** Rows read at once. */
const pageSize = 64;

/** The chunks of a file in a store, in their order. */
export async function* fileChunks(
  db: Database,
  vector_store_id: string,
  file_id: string,
): AsyncGenerator<NewChunk> {
  const version = await filesOf(db, vector_store_id, file_id)
    .select('seq')
    .where('is_complete', '=', 1)
    .executeTakeFirst();
  if (version === undefined) return;
  let from = chunkId(version.seq, 0);
  for (;;) {
    const rows = await db
      .selectFrom('chunks')
      .select(['id', 'page', 'text'])
      .where('id', '>=', from)
      .where('id', '<', chunkId(version.seq + 1, 0))
      .orderBy('id')
      .limit(pageSize)
      .execute();
    for (const { id, page, text } of rows) {
      yield { position: positionOf(id), page, text };
      from = id + 1;
    }
    if (rows.length < pageSize) return;
  }
}
