import { type Kysely, sql } from 'kysely';
import { bigint, bytesType, createListTable } from './column-types.ts';

/** The row of a file before this migration, without its content. */
interface OldFile {
  readonly id: string;
  readonly created_at: number;
  readonly thread_id: string;
  readonly run_id: string;
  readonly body: string;
}

interface OldBody {
  readonly bytes: number;
  readonly purpose?: string;
}

async function createFileTables(db: Kysely<unknown>): Promise<void> {
  await createListTable(db, 'files')
    .addColumn('purpose', 'text', (column) => column.notNull())
    .addColumn('expires_at', bigint(db))
    .addColumn('thread_id', 'text')
    .addColumn('run_id', 'text')
    .addColumn('bytes', bigint(db), (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('file_parts')
    .addColumn('owner_id', 'text', (column) => column.notNull())
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('content', bytesType(db), (column) => column.notNull())
    .addPrimaryKeyConstraint('file_parts_pk', ['owner_id', 'position'])
    .execute();
  await db.schema
    .createTable('unused_contents')
    .addColumn('owner_id', 'text', (column) => column.primaryKey())
    .addColumn('delete_after', bigint(db), (column) => column.notNull())
    .execute();
}

async function createUploadTables(db: Kysely<unknown>): Promise<void> {
  await createListTable(db, 'uploads')
    .addColumn('expires_at', bigint(db), (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .execute();
  await createListTable(db, 'upload_parts')
    .addColumn('upload_id', 'text', (column) =>
      column.notNull().references('uploads.id').onDelete('cascade'),
    )
    .addColumn('bytes', bigint(db), (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('upload_parts_by_upload')
    .on('upload_parts')
    .columns(['upload_id', 'seq'])
    .execute();
}

const indexes = [
  ['files_in_order', ['created_at', 'seq']],
  ['files_by_run', ['run_id']],
  ['files_by_expiry', ['expires_at']],
] as const;

/** Files that code generated had their content beside them, in one piece, and no purpose of their own. */
async function moveOldFiles(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<OldFile>`
    select id, created_at, thread_id, run_id, body from old_files order by created_at, id`.execute(
    db,
  );
  for (const { id, created_at, thread_id, run_id, body } of rows) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this program wrote it
    const { bytes, purpose = 'assistants_output' } = JSON.parse(body) as OldBody;
    const [thread, run] = [thread_id, run_id].map((parent) => (parent === '' ? null : parent));
    await sql`
      insert into files (id, created_at, purpose, thread_id, run_id, bytes, body)
      values (${id}, ${created_at}, ${purpose}, ${thread}, ${run}, ${bytes}, ${body})`.execute(db);
  }
  await sql`
    insert into file_parts (owner_id, position, content)
    select id, 0, content from old_files`.execute(db);
}

/** No foreign keys to threads and runs: files outlive them. */
export async function createLocalFiles(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('files').renameTo('old_files').execute();
  await createFileTables(db);
  await createUploadTables(db);
  await moveOldFiles(db);
  await db.schema.dropTable('old_files').execute();
  for (const [name, columns] of indexes) {
    await db.schema
      .createIndex(name)
      .on('files')
      .columns([...columns])
      .execute();
  }
}
