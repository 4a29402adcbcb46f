import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { capabilitiesOf, trySavepoint } from './capabilities.ts';
import { autoIncrement, bigint, bytesType, createListTable } from './column-types.ts';
import { createChunks } from './chunk-migration.ts';
import type { migrationNames } from './migration-names.ts';
import { createLocalFiles } from './local-files-migration.ts';
import { isActive, isCancelling, isClaimable } from './run-filters.ts';
import { threadLock } from './schema.ts';
import { createVectorStores } from './vector-store-migration.ts';

async function createRuns(db: Kysely<unknown>): Promise<void> {
  await createListTable(db, 'runs')
    .addColumn('thread_id', 'text', (column) =>
      column.notNull().references('threads.id').onDelete('cascade'),
    )
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('deadline', bigint(db), (column) => column.notNull())
    .addColumn('lease_token', 'text')
    .addColumn('lease_until', bigint(db))
    .addColumn('metadata', 'text', (column) => column.notNull())
    .addColumn('settings', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('runs_by_thread')
    .on('runs')
    .columns(['thread_id', 'created_at', 'seq'])
    .execute();
  // The thread lock: the database itself rejects a second active run on a thread.
  await db.schema
    .createIndex(threadLock)
    .unique()
    .on('runs')
    .column('thread_id')
    .where(isActive)
    .execute();
  await db.schema
    .createIndex('live_runs')
    .on('runs')
    .columns(['status', 'created_at', 'seq'])
    .where(isActive)
    .execute();
  await db.schema
    .createIndex('live_runs_by_deadline')
    .on('runs')
    .column('deadline')
    .where(isActive)
    .execute();
}

async function createSteps(db: Kysely<unknown>): Promise<void> {
  await createListTable(db, 'steps')
    .addColumn('thread_id', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text', (column) =>
      column.notNull().references('runs.id').onDelete('cascade'),
    )
    .addColumn('body', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('steps_by_run')
    .on('steps')
    .columns(['run_id', 'created_at', 'seq'])
    .execute();
  await db.schema
    .createTable('turns')
    .addColumn('run_id', 'text', (column) =>
      column.notNull().references('runs.id').onDelete('cascade'),
    )
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('items', 'text', (column) => column.notNull())
    .addColumn('outputs', 'text')
    .addColumn('usage', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('turns_pk', ['run_id', 'position'])
    .execute();
}

async function createThreads(db: Kysely<unknown>): Promise<void> {
  for (const table of ['assistants', 'threads']) {
    await createListTable(db, table)
      .addColumn('body', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex(`${table}_in_order`)
      .on(table)
      .columns(['created_at', 'seq'])
      .execute();
  }
  await createListTable(db, 'messages')
    .addColumn('thread_id', 'text', (column) =>
      column.notNull().references('threads.id').onDelete('cascade'),
    )
    .addColumn('run_id', 'text')
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('metadata', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .execute();
  for (const [name, column] of [
    ['messages_by_thread', 'thread_id'],
    ['messages_by_run', 'run_id'],
  ] as const) {
    await db.schema
      .createIndex(name)
      .on('messages')
      .columns([column, 'created_at', 'seq'])
      .execute();
  }
}

/** Indexes for the worker's polling, in the order in which it claims runs. */
async function indexClaims(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('live_runs').execute();
  await db.schema
    .createIndex('moving_runs')
    .on('runs')
    .columns(['created_at', 'seq'])
    .where(isClaimable)
    .execute();
  await db.schema
    .createIndex('cancelling_runs')
    .on('runs')
    .columns(['created_at', 'seq'])
    .where(isCancelling)
    .execute();
  await db.schema
    .createIndex('runs_by_lease')
    .on('runs')
    .column('lease_until')
    .where(sql.ref('lease_until'), 'is not', null)
    .execute();
}

async function createContainers(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('containers')
    .addColumn('thread_id', 'text', (column) =>
      column.primaryKey().references('threads.id').onDelete('cascade'),
    )
    .addColumn('container_id', 'text', (column) => column.notNull())
    .addColumn('file_ids', 'text', (column) => column.notNull())
    .execute();
}

/** No foreign keys: files outlive their threads until they are pruned. */
async function createFiles(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('files')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('created_at', bigint(db), (column) => column.notNull())
    .addColumn('thread_id', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('content', bytesType(db), (column) => column.notNull())
    .execute();
  await db.schema.createIndex('files_by_run').on('files').column('run_id').execute();
  await db.schema
    .createIndex('files_by_age')
    .on('files')
    .columns(['created_at', 'thread_id'])
    .execute();
}

/** No foreign keys: these rows describe rows that no longer exist. */
async function createDeletedCursors(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('gone')
    .addColumn('number', bigint(db), autoIncrement(db))
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('list', 'text', (column) => column.notNull())
    .addColumn('created_at', bigint(db), (column) => column.notNull())
    .addColumn('seq', bigint(db), (column) => column.notNull())
    .execute();
  await db.schema.createIndex('gone_by_id').on('gone').column('id').execute();
}

async function createClocks(db: Kysely<unknown>): Promise<void> {
  if (capabilitiesOf(db) !== null) return;
  await db.schema
    .createTable('clocks')
    .addColumn('container', 'text', (column) => column.primaryKey())
    .addColumn('started_at_ms', 'integer', (column) => column.notNull())
    .execute();
}

async function createIdempotencyKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('idempotency_keys')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('created_at', bigint(db), (column) => column.notNull())
    .addColumn('body_hash', 'text', (column) => column.notNull())
    .addColumn('thread_id', 'text', (column) => column.references('threads.id').onDelete('cascade'))
    .addColumn('object', 'text', (column) => column.notNull())
    .addColumn('skipped_events', 'integer', (column) => column.notNull())
    .execute();
  for (const column of ['created_at', 'thread_id']) {
    await db.schema
      .createIndex(`idempotency_keys_by_${column}`)
      .on('idempotency_keys')
      .column(column)
      .execute();
  }
}

/** No foreign key: the rows of a deleted thread become invalid by themselves. */
async function createWaitingRequests(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('waiting_requests')
    .addColumn('seq', bigint(db), autoIncrement(db))
    .addColumn('thread_id', 'text', (column) => column.notNull())
    .addColumn('valid_until', bigint(db), (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('waiting_requests_by_thread')
    .on('waiting_requests')
    .columns(['thread_id', 'seq'])
    .execute();
}

/** For lists of the runs of all threads. */
async function indexRunsInOrder(db: Kysely<unknown>): Promise<void> {
  await db.schema.createIndex('runs_in_order').on('runs').columns(['created_at', 'seq']).execute();
}

const foreignKeys = [
  ['messages', 'thread_id'],
  ['runs', 'thread_id'],
  ['steps', 'run_id'],
  ['turns', 'run_id'],
] as const;

/** Lets an import insert rows before their parents. SQLite can do so without this. */
async function makeForeignKeysDeferrable(db: Kysely<unknown>): Promise<void> {
  for (const [table, column] of foreignKeys) {
    const constraint = sql.id(`${table}_${column}_fkey`);
    await trySavepoint(db, () =>
      sql`alter table ${sql.id(table)} alter constraint ${constraint} deferrable`.execute(db),
    );
  }
}

/** Forward only: never change a released migration, add a new one, and its name to the names. */
export const migrations: Readonly<Record<(typeof migrationNames)[number], Migration>> = {
  '0001_threads_and_runs': {
    up: async (db) => {
      await createThreads(db);
      await createRuns(db);
      await createSteps(db);
    },
  },
  '0002_claims': {
    up: async (db) => {
      await indexClaims(db);
      if (capabilitiesOf(db) !== null) await makeForeignKeysDeferrable(db);
    },
  },
  '0003_containers': { up: createContainers },
  '0004_files': { up: createFiles },
  '0005_gone': { up: createDeletedCursors },
  '0006_clocks': { up: createClocks },
  '0007_idempotency_keys': { up: createIdempotencyKeys },
  '0008_waiting_requests': { up: createWaitingRequests },
  '0009_local_files': { up: createLocalFiles },
  '0010_vector_stores': { up: createVectorStores },
  '0011_chunks': { up: createChunks },
  '0012_runs_in_order': { up: indexRunsInOrder },
};
