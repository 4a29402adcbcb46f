import type { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { migrations } from './migrations.ts';
import type { Database, Tables } from './schema.ts';
import { openFile, SqliteFileDialect } from './sqlite.ts';

export type { Database } from './schema.ts';

/** A database that cannot be used, in one sentence for the person who chose it. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
}

const migrationTable = 'assistants_mcp_migrations';
const lockTable = 'assistants_mcp_migration_lock';

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message.replace(/\.$/, '') : String(error);

const namesIn = (database: DatabaseSync, table: string, where = '1'): string[] =>
  database
    .prepare(`select name from ${table} where ${where}`)
    .all()
    .map(({ name }) => (typeof name === 'string' ? name : ''));

/** Refuses a file that holds something else, having only read from it. */
function checkContents(database: DatabaseSync, location: string): void {
  const tables = namesIn(database, 'sqlite_master', "type = 'table'");
  if (tables.length === 0) return;
  if (!tables.includes(migrationTable)) {
    throw new DatabaseError(
      `The database ${location} belongs to another program; choose another file.`,
    );
  }
  const unknown = namesIn(database, migrationTable).find(
    (name) => !Object.hasOwn(migrations, name),
  );
  if (unknown !== undefined) {
    throw new DatabaseError(
      `The database ${location} was written by a newer version of assistants-mcp (migration ${unknown}); update assistants-mcp or choose another file.`,
    );
  }
}

function openChecked(location: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = openFile(location);
    checkContents(database, location);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof DatabaseError) throw error;
    const reason = reasonOf(error);
    if (reason === 'file is not a database') {
      throw new DatabaseError(`The file ${location} is not a database; choose another file.`);
    }
    throw new DatabaseError(`Cannot open the database ${location}: ${reason}.`);
  }
}

async function migrate(db: Kysely<Tables>, location: string): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
    migrationTableName: migrationTable,
    migrationLockTableName: lockTable,
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new DatabaseError(`Cannot prepare the database ${location}: ${reasonOf(error)}.`);
  }
}

/**
 * Opens the store, creating it on first use (directory 0700, file 0600) and bringing it up to date.
 * `location` is a file path or `:memory:`. Throws {@link DatabaseError}, leaving the file as it
 * was, for a file that is no database, another program's, or one of a newer version.
 */
export async function openDatabase(location: string): Promise<Database> {
  const db = new Kysely<Tables>({ dialect: new SqliteFileDialect(openChecked(location)) });
  try {
    // From here on the driver waits, asynchronously.
    await sql`pragma busy_timeout = 0`.execute(db);
    await sql`pragma journal_mode = wal`.execute(db);
    // What was answered is on the disk: a WAL alone would lose the last moment with the power.
    await sql`pragma synchronous = full`.execute(db);
    await migrate(db, location);
    return db;
  } catch (error) {
    await db.destroy();
    if (error instanceof DatabaseError) throw error;
    throw new DatabaseError(`Cannot open the database ${location}: ${reasonOf(error)}.`);
  }
}
