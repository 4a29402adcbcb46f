import { existsSync } from 'node:fs';
import { isPostgresUrl } from '../../shared/urls.ts';
import { DatabaseError } from './errors.ts';
import type { Database } from './schema.ts';
import { openSqlite } from './sqlite/open.ts';

export { DatabaseError } from './errors.ts';
export type { Database } from './schema.ts';

/**
 * Opens the store, creating it on first use and bringing it up to date. `location` is a
 * `postgres://` URL, a file path (directory made with mode 0700, file 0600) or `:memory:`. Throws
 * a `DatabaseError`, leaving what is there as it was, for a file that is no database or another
 * program's, a server that cannot be used, or a database of a newer version.
 */
export async function openDatabase(location: string): Promise<Database> {
  if (!isPostgresUrl(location)) return openSqlite(location);
  const { openPostgres } = await import('./postgres/open.ts');
  return openPostgres(location);
}

/** The same for a store that has to be there already; throws a `DatabaseError` when it is not. */
export function openExisting(location: string): Promise<Database> {
  if (isPostgresUrl(location) || existsSync(location)) return openDatabase(location);
  return Promise.reject(new DatabaseError(`There is no database at ${location}.`));
}
