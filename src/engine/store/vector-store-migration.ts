import type { Kysely } from 'kysely';
import { autoIncrement, bigint, createListTable } from './column-types.ts';
import { isInProgress } from './run-filters.ts';

async function createStores(db: Kysely<unknown>): Promise<void> {
  await createListTable(db, 'vector_stores')
    .addColumn('last_active_at', bigint(db), (column) => column.notNull())
    .addColumn('expires_at', bigint(db))
    .addColumn('is_cleared', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('body', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('vector_stores_in_order')
    .on('vector_stores')
    .columns(['created_at', 'seq'])
    .execute();
  await db.schema
    .createIndex('vector_stores_by_expiry')
    .on('vector_stores')
    .columns(['is_cleared', 'expires_at'])
    .execute();
  await createListTable(db, 'vector_store_file_batches')
    .addColumn('vector_store_id', 'text', (column) =>
      column.notNull().references('vector_stores.id').onDelete('cascade'),
    )
    .addColumn('is_cancelled', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema
    .createIndex('vector_store_file_batches_by_store')
    .on('vector_store_file_batches')
    .column('vector_store_id')
    .execute();
}

async function createStoreFiles(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('vector_store_files')
    .addColumn('seq', bigint(db), autoIncrement(db))
    .addColumn('vector_store_id', 'text', (column) =>
      column.notNull().references('vector_stores.id').onDelete('cascade'),
    )
    .addColumn('file_id', 'text', (column) => column.notNull())
    .addColumn('created_at', bigint(db), (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('batch_id', 'text')
    .addColumn('usage_bytes', bigint(db), (column) => column.notNull())
    .addColumn('attributes', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('lease_token', 'text')
    .addColumn('lease_until', bigint(db))
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('overlaps', 'text')
    .addUniqueConstraint('vector_store_files_once', ['vector_store_id', 'file_id'])
    .execute();
  const indexes = {
    in_order: ['vector_store_id', 'created_at', 'seq'],
    by_status: ['vector_store_id', 'status', 'usage_bytes'],
    by_batch: ['batch_id', 'status'],
    by_file: ['file_id'],
  } as const;
  for (const [name, columns] of Object.entries(indexes)) {
    await db.schema
      .createIndex(`vector_store_files_${name}`)
      .on('vector_store_files')
      .columns([...columns])
      .execute();
  }
  await db.schema
    .createIndex('vector_store_files_to_read')
    .on('vector_store_files')
    .columns(['attempts', 'created_at', 'seq'])
    .where(isInProgress)
    .execute();
}

/** The tables of local vector stores, their files and batches. */
export async function createVectorStores(db: Kysely<unknown>): Promise<void> {
  await createStores(db);
  await createStoreFiles(db);
}
