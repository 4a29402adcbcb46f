import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorReason } from '../../../shared/errors.ts';
import { statsOf } from '../../../shared/file-stats.ts';
import { isPostgresUrl } from '../../../shared/urls.ts';
import { DatabaseError } from '../errors.ts';
import { migrationNames } from '../migration-names.ts';
import { inMemory } from './files.ts';

export const migrationTable = 'assistants_mcp_migrations';

/** Throws a {@link DatabaseError} if the database has a migration that this version does not know. */
export function checkMigrations(names: readonly string[], location: string): void {
  const unknown = names.find((name) => !migrationNames.some((known) => known === name));
  if (unknown === undefined) return;
  throw new DatabaseError(
    `The database ${location} was written by a newer version of assistants-mcp (migration ${unknown}); update assistants-mcp or use another database.`,
  );
}

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

/** Opens a database of this program; throws a {@link DatabaseError} for any other file. */
export function openChecked(
  location: string,
  open: (location: string) => DatabaseSync,
): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = open(location);
    checkContents(database, location);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof DatabaseError) throw error;
    const reason = errorReason(error);
    if (reason === 'file is not a database') {
      throw new DatabaseError(`The file ${location} is not a database; choose another file.`);
    }
    throw new DatabaseError(`Cannot open the database ${location}: ${reason}.`, { cause: error });
  }
}

/**
 * SQLite's codes of a file that cannot be read only now: another process is changing it (5, 6), or it
 * has to be recovered after a crash, which takes a connection that writes (8).
 */
const isTemporary = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && [5, 6, 8].includes(Number(error.errcode) % 256);

/**
 * Why an existing file cannot be the database, found out without loading the engine; null where
 * nothing speaks against it, for PostgreSQL, and for a file that cannot be read at the moment.
 */
export function databaseProblem(location: string): string | null {
  if (isPostgresUrl(location) || location === inMemory) return null;
  const stats = statsOf(location);
  if (stats === undefined) return null;
  if (!stats.isFile()) return `Cannot open the database ${location}: it is not a file.`;
  try {
    openChecked(location, (path) => new DatabaseSync(resolve(path), { readOnly: true })).close();
    return null;
  } catch (error) {
    if (!(error instanceof DatabaseError) || isTemporary(error.cause)) return null;
    return error.message;
  }
}
