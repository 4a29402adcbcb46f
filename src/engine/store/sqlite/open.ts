import type { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { errorReason } from '../../../shared/errors.ts';
import { enableWal } from '../durability.ts';
import { DatabaseError } from '../errors.ts';
import { checkMigrations, migrate, migrationTable } from '../migrate.ts';
import type { Database, Tables } from '../schema.ts';
import { openFile, SqliteFileDialect } from './dialect.ts';

const selectNames = (database: DatabaseSync, table: string, where = '1'): string[] =>
  database
    .prepare(`select name from ${table} where ${where}`)
    .all()
    .map(({ name }) => (typeof name === 'string' ? name : ''));

/** Throws if the file belongs to another program or a newer version; only reads from it. */
function checkContents(database: DatabaseSync, location: string): void {
  const tables = selectNames(database, 'sqlite_master', "type = 'table'");
  if (tables.length === 0) return;
  if (!tables.includes(migrationTable)) {
    throw new DatabaseError(
      `The database ${location} belongs to another program; choose another file.`,
    );
  }
  checkMigrations(selectNames(database, migrationTable), location);
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
    const reason = errorReason(error);
    if (reason === 'file is not a database') {
      throw new DatabaseError(`The file ${location} is not a database; choose another file.`);
    }
    throw new DatabaseError(`Cannot open the database ${location}: ${reason}.`);
  }
}

/** Opens and migrates a file or `:memory:`; see `openDatabase`. */
export async function openSqlite(location: string): Promise<Database> {
  const db = new Kysely<Tables>({ dialect: new SqliteFileDialect(openChecked(location)) });
  try {
    // From here on BusyRetryConnection waits instead of SQLite.
    await sql`pragma busy_timeout = 0`.execute(db);
    await enableWal(db);
    await migrate(db, location);
    return db;
  } catch (error) {
    await db.destroy();
    if (error instanceof DatabaseError) throw error;
    throw new DatabaseError(`Cannot open the database ${location}: ${errorReason(error)}.`);
  }
}
