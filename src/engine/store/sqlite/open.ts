import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { errorReason } from '../../../shared/errors.ts';
import { enableWal } from '../durability.ts';
import { DatabaseError } from '../errors.ts';
import { isMigrated, migrate } from '../migrate.ts';
import type { Database, Tables } from '../schema.ts';
import { openChecked } from './check.ts';
import { SqliteFileDialect } from './dialect.ts';
import { inMemory, isWritable, openFile, openFileReadOnly } from './files.ts';

/** Opens and migrates a file or `:memory:`; see `openDatabase`. */
export async function openSqlite(location: string): Promise<Database> {
  const db = new Kysely<Tables>({
    dialect: new SqliteFileDialect(openChecked(location, openFile)),
  });
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

/** Throws a {@link DatabaseError} unless there is a file at `location`. */
export function checkExists(location: string): void {
  if (location === inMemory || !existsSync(location)) {
    throw new DatabaseError(`There is no database at ${location}.`);
  }
}

/** Opens an existing file of this program for reading only, whatever its version. */
export function openExistingChecked(location: string): DatabaseSync {
  checkExists(location);
  return openChecked(location, openFileReadOnly);
}

/** Opens an existing file, and migrates it unless it is read-only; see `openForReading`. */
export async function openSqliteForReading(location: string): Promise<Database> {
  checkExists(location);
  if (isWritable(location)) return openSqlite(location);
  const db = new Kysely<Tables>({ dialect: new SqliteFileDialect(openExistingChecked(location)) });
  const upToDate = await isMigrated(db, location).catch((error: unknown) => error);
  if (upToDate === true) return db;
  await db.destroy();
  if (upToDate instanceof Error) throw upToDate;
  throw new DatabaseError(
    `The database ${location} has to be upgraded and is read-only; copy it to a directory that you can write to.`,
  );
}
