import { type Kysely, sql } from 'kysely';
import { capabilitiesOf } from './capabilities.ts';
import { autoIncrement, bigint, bytesType } from './column-types.ts';

/** SQLite: keys are words of an FTS5 table that does not store them. PostgreSQL: a GIN index on an array. */
async function createIndex(db: Kysely<unknown>): Promise<void> {
  if (capabilitiesOf(db) === null) {
    await sql`create virtual table chunk_index using fts5(
      keys, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii')`.execute(db);
    return;
  }
  await db.schema
    .createTable('chunk_index')
    .addColumn('id', 'bigint', (column) => column.primaryKey())
    .addColumn('keys', sql`bigint[]`, (column) => column.notNull())
    .execute();
  // Every query reads all keys that are still pending, so there must be few.
  await sql`create index chunk_index_by_key on chunk_index using gin (keys)
    with (gin_pending_list_limit = 256)`.execute(db);
}

/** No foreign keys: chunks are deleted in batches, which other writers need not wait for. */
export async function createChunks(db: Kysely<unknown>): Promise<void> {
  const integer = bigint(db);
  const bytes = bytesType(db);
  await db.schema
    .createTable('chunk_files')
    .addColumn('seq', integer, autoIncrement(db))
    .addColumn('vector_store_id', 'text', (column) => column.notNull())
    .addColumn('file_id', 'text', (column) => column.notNull())
    .addColumn('is_complete', 'integer', (column) => column.notNull())
    .addColumn('chunk_count', 'integer', (column) => column.notNull())
    .addColumn('term_count', integer, (column) => column.notNull())
    .addColumn('embedding', 'text')
    .execute();
  await db.schema
    .createIndex('chunk_files_by_store')
    .on('chunk_files')
    .columns(['vector_store_id', 'file_id', 'is_complete', 'chunk_count', 'term_count'])
    .execute();
  await db.schema
    .createTable('chunks')
    .addColumn('id', integer, (column) => column.primaryKey())
    .addColumn('page', 'integer')
    .addColumn('term_count', 'integer', (column) => column.notNull())
    .addColumn('terms', bytes, (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('chunk_vectors')
    .addColumn('file_seq', integer, (column) => column.notNull())
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('embedding', 'text', (column) => column.notNull())
    .addColumn('dimensions', 'integer', (column) => column.notNull())
    .addColumn('vectors', bytes, (column) => column.notNull())
    .addPrimaryKeyConstraint('chunk_vectors_pk', ['file_seq', 'position'])
    .execute();
  await createIndex(db);
}
