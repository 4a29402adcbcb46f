import { isPostgresUrl } from '../../shared/urls.ts';
import type { Database } from './schema.ts';
import { checkExists, openSqlite, openSqliteForReading } from './sqlite/open.ts';

export { DatabaseError } from './errors.ts';
export type { Database } from './schema.ts';

/**
 * Opens the database, creates it on first use and migrates it. `location` is a `postgres://` URL, a
 * file path (new directories get mode 0700, the file 0600) or `:memory:`. Throws a `DatabaseError`
 * without changing anything if the file is not a database or another program's, the server cannot
 * be used, or a newer version wrote the database.
 */
export async function openDatabase(location: string): Promise<Database> {
  if (!isPostgresUrl(location)) return openSqlite(location);
  const { openPostgres } = await import('./postgres/open.ts');
  return openPostgres(location);
}

/** Like `openDatabase`, but throws a `DatabaseError` if the file does not exist. */
export async function openExisting(location: string): Promise<Database> {
  if (!isPostgresUrl(location)) checkExists(location);
  return openDatabase(location);
}

/** Like `openExisting`, for a database that is only read: its file may be read-only. */
export async function openForReading(location: string): Promise<Database> {
  return isPostgresUrl(location) ? openDatabase(location) : openSqliteForReading(location);
}
