import { sql } from 'kysely';
import { fileSeqOf } from './chunk-ids.ts';
import type { Database } from './schema.ts';

/** Sums over the chunks of a store, for the weights of terms. */
export interface TermTotals {
  readonly chunkCount: number;
  /** In terms. */
  readonly averageLength: number;
}

export async function termTotals(db: Database, vector_store_id: string): Promise<TermTotals> {
  const { chunks, terms } = await db
    .selectFrom('chunk_files')
    .select([
      sql<number>`cast(coalesce(sum(chunk_count), 0) as bigint)`.as('chunks'),
      sql<number>`cast(coalesce(sum(term_count), 0) as bigint)`.as('terms'),
    ])
    .where('vector_store_id', '=', vector_store_id)
    .where('is_complete', '=', 1)
    .executeTakeFirstOrThrow();
  return { chunkCount: chunks, averageLength: chunks === 0 ? 0 : terms / chunks };
}

/** A file of a store, with what filters compare. */
export interface SearchedFile {
  readonly seq: number;
  readonly attributes: string;
}

const completeFiles = (db: Database) =>
  db
    .selectFrom('chunk_files')
    .innerJoin('vector_store_files', (join) =>
      join
        .onRef('vector_store_files.vector_store_id', '=', 'chunk_files.vector_store_id')
        .onRef('vector_store_files.file_id', '=', 'chunk_files.file_id'),
    )
    .where('chunk_files.is_complete', '=', 1)
    .where('vector_store_files.status', '=', 'completed');

/** All files of a store that are searched. */
export const searchedFiles = (db: Database, vector_store_id: string): Promise<SearchedFile[]> =>
  completeFiles(db)
    .where('chunk_files.vector_store_id', '=', vector_store_id)
    .select(['chunk_files.seq', 'vector_store_files.attributes'])
    .execute();

/** Versions of files that are not searched, although the index has chunks of them. */
export async function hiddenFiles(db: Database, vector_store_id: string): Promise<Set<number>> {
  const rows = await db
    .selectFrom('chunk_files')
    .select('seq')
    .where('vector_store_id', '=', vector_store_id)
    .where('is_complete', '=', 0)
    .execute();
  return new Set(rows.map(({ seq }) => seq));
}

/** What a chunk is compared by. */
export interface ChunkTerms {
  readonly id: number;
  readonly term_count: number;
  readonly terms: Uint8Array;
}

export const chunkTerms = (db: Database, ids: readonly number[]): Promise<ChunkTerms[]> =>
  db.selectFrom('chunks').select(['id', 'term_count', 'terms']).where('id', 'in', ids).execute();

/** A found chunk with what an answer tells of its file. */
export interface FoundChunk {
  readonly id: number;
  readonly text: string;
  readonly page: number | null;
  readonly file_id: string;
  readonly attributes: string;
  /** The file's row: its name. */
  readonly fileBody: string | null;
}

/** Reads found chunks, without those of files that were removed in the meantime. */
export async function readFoundChunks(
  db: Database,
  ids: readonly number[],
): Promise<Map<number, FoundChunk>> {
  if (ids.length === 0) return new Map();
  const seqs = [...new Set(ids.map(fileSeqOf))];
  const files = await completeFiles(db)
    .leftJoin('files', 'files.id', 'chunk_files.file_id')
    .where('chunk_files.seq', 'in', seqs)
    .select([
      'chunk_files.seq',
      'chunk_files.file_id',
      'vector_store_files.attributes',
      'files.body as fileBody',
    ])
    .execute();
  const fileBySeq = new Map(files.map(({ seq, ...file }) => [seq, file]));
  const rows = await db
    .selectFrom('chunks')
    .select(['id', 'page', 'text'])
    .where('id', 'in', ids)
    .execute();
  return new Map(
    rows.flatMap((row) => {
      const file = fileBySeq.get(fileSeqOf(row.id));
      return file === undefined ? [] : [[row.id, { ...row, ...file }] as const];
    }),
  );
}
