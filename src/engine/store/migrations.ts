import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { liveStatuses } from './schema.ts';

const live = sql.raw<boolean>(
  `status in (${liveStatuses.map((status) => `'${status}'`).join(', ')})`,
);

const createListed = (db: Kysely<unknown>, table: string) =>
  db.schema
    .createTable(table)
    .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('created_at', 'integer', (column) => column.notNull());

async function createRuns(db: Kysely<unknown>): Promise<void> {
  await createListed(db, 'runs')
    .addColumn('thread_id', 'text', (column) =>
      column.notNull().references('threads.id').onDelete('cascade'),
    )
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('deadline', 'integer', (column) => column.notNull())
    .addColumn('lease_token', 'text')
    .addColumn('lease_until', 'integer')
    .addColumn('metadata', 'text', (column) => column.notNull())
    .addColumn('settings', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('runs_by_thread')
    .on('runs')
    .columns(['thread_id', 'created_at', 'seq'])
    .execute();
  // The thread lock: whatever the code above it does, no thread ever has two live runs.
  await db.schema
    .createIndex('one_live_run_a_thread')
    .unique()
    .on('runs')
    .column('thread_id')
    .where(live)
    .execute();
  await db.schema
    .createIndex('live_runs')
    .on('runs')
    .columns(['status', 'created_at', 'seq'])
    .where(live)
    .execute();
  await db.schema
    .createIndex('live_runs_by_deadline')
    .on('runs')
    .column('deadline')
    .where(live)
    .execute();
}

async function createSteps(db: Kysely<unknown>): Promise<void> {
  await createListed(db, 'steps')
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
    await createListed(db, table)
      .addColumn('body', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex(`${table}_in_order`)
      .on(table)
      .columns(['created_at', 'seq'])
      .execute();
  }
  await createListed(db, 'messages')
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

/** Forward only: a migration that has been released is never changed, a new one is added. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001_threads_and_runs': {
    up: async (db) => {
      await createThreads(db);
      await createRuns(db);
      await createSteps(db);
    },
  },
};
