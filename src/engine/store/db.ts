import { isPostgres } from '../../database-location.ts';
import type { Database } from './schema.ts';
import { openSqlite } from './sqlite-file.ts';

export { DatabaseError } from './database-error.ts';
export type { Database } from './schema.ts';

/**
 * Opens the store, creating it on first use and bringing it up to date. `location` is a
 * `postgres://` URL, a file path (directory made with mode 0700, file 0600) or `:memory:`. Throws
 * a `DatabaseError`, leaving what is there as it was, for a file that is no database or another
 * program's, a server that cannot be used, or a database of a newer version.
 */
export async function openDatabase(location: string): Promise<Database> {
  if (!isPostgres(location)) return openSqlite(location);
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres(location);
}
