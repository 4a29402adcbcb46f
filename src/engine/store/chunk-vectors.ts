import { sql } from 'kysely';
import { chunkId } from './chunk-ids.ts';
import { isOneOf } from './chunk-index.ts';
import type { Database } from './schema.ts';
import { transact } from './transaction.ts';

/** Quantised vectors of consecutive chunks. */
export interface VectorBlock {
  readonly file_seq: number;
  /** The position of the first chunk. */
  readonly position: number;
  readonly dimensions: number;
  readonly vectors: Uint8Array;
}

/** The `seq` of the first file version after one whose chunks have no vectors of this model. */
export const findFileToEmbed = async (
  db: Database,
  embedding: string,
  after: number,
): Promise<number | undefined> => {
  const file = await db
    .selectFrom('chunk_files')
    .select('seq')
    .where('is_complete', '=', 1)
    .where((where) =>
      where.or([where('embedding', 'is', null), where('embedding', '<>', embedding)]),
    )
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  return file?.seq;
};

/** Deletes the vectors of other models; resolves to those of this one that end last. */
export async function prepareVectors(
  db: Database,
  file_seq: number,
  embedding: string,
): Promise<VectorBlock | undefined> {
  await transact(db, (transaction) =>
    transaction
      .deleteFrom('chunk_vectors')
      .where('file_seq', '=', file_seq)
      .where('embedding', '<>', embedding)
      .execute(),
  );
  return db
    .selectFrom('chunk_vectors')
    .select(['file_seq', 'position', 'dimensions', 'vectors'])
    .where('file_seq', '=', file_seq)
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The texts of a file's next chunks, from a position. */
export const nextTexts = (
  db: Database,
  file_seq: number,
  position: number,
  limit: number,
): Promise<{ readonly id: number; readonly text: string }[]> =>
  db
    .selectFrom('chunks')
    .select(['id', 'text'])
    .where('id', '>=', chunkId(file_seq, position))
    .where('id', '<', chunkId(file_seq + 1, 0))
    .orderBy('id')
    .limit(limit)
    .execute();

/** Stores a block; does nothing if another process has stored it, or the file was removed. */
export const insertVectors = (db: Database, block: VectorBlock, embedding: string): Promise<void> =>
  transact(db, async (transaction) => {
    const file = await transaction
      .updateTable('chunk_files')
      .set((select) => ({ is_complete: select.ref('is_complete') }))
      .where('seq', '=', block.file_seq)
      .executeTakeFirst();
    if (file.numUpdatedRows === 0n) return;
    await transaction
      .insertInto('chunk_vectors')
      .values({ ...block, embedding })
      .onConflict((conflict) => conflict.columns(['file_seq', 'position']).doNothing())
      .execute();
  });

/** Notes that all chunks of a file have vectors, or none is possible. */
export const finishVectors = async (
  db: Database,
  file_seq: number,
  embedding: string,
): Promise<void> => {
  await transact(db, (transaction) =>
    transaction.updateTable('chunk_files').set({ embedding }).where('seq', '=', file_seq).execute(),
  );
};

/** Blocks read at once. */
const pageSize = 128;

/** The vectors of a store's files, of all or of some, made by one model and of one length. */
export async function* storeVectors(
  db: Database,
  scope: {
    readonly vector_store_id: string;
    /** Null: all files. */
    readonly file_seqs: readonly number[] | null;
    readonly embedding: string;
    readonly dimensions: number;
  },
): AsyncGenerator<VectorBlock> {
  const { file_seqs } = scope;
  const isSearched =
    file_seqs === null ? sql<boolean>`true` : isOneOf(db, sql.ref('file_seq'), file_seqs);
  let last: Pick<VectorBlock, 'file_seq' | 'position'> = { file_seq: 0, position: -1 };
  for (;;) {
    const { file_seq, position } = last;
    const blocks = await db
      .selectFrom('chunk_vectors')
      .innerJoin('chunk_files', 'chunk_files.seq', 'chunk_vectors.file_seq')
      .select(['file_seq', 'position', 'dimensions', 'vectors'])
      .where('vector_store_id', '=', scope.vector_store_id)
      .where('is_complete', '=', 1)
      .where('chunk_vectors.embedding', '=', scope.embedding)
      .where('dimensions', '=', scope.dimensions)
      .where(isSearched)
      .where((where) =>
        where.or([
          where('file_seq', '>', file_seq),
          where.and([where('file_seq', '=', file_seq), where('position', '>', position)]),
        ]),
      )
      .orderBy('file_seq')
      .orderBy('position')
      .limit(pageSize)
      .execute();
    yield* blocks;
    const end = blocks.at(-1);
    if (end === undefined || blocks.length < pageSize) return;
    last = end;
  }
}
