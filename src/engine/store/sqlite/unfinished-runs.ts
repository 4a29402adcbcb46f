import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isPostgresUrl } from '../../../shared/urls.ts';
import { activeStatuses } from '../../../shared/run-status.ts';

/**
 * Whether a database has active runs, found out without loading the engine. A missing file has none.
 * A PostgreSQL database counts as having some, since its runs may be any process's.
 */
export function hasUnfinishedRuns(location: string): Promise<boolean> {
  if (isPostgresUrl(location)) return Promise.resolve(true);
  if (location === ':memory:' || !existsSync(location)) return Promise.resolve(false);
  try {
    const database = new DatabaseSync(location, { readOnly: true });
    try {
      const statuses = activeStatuses.map((status) => `'${status}'`).join(', ');
      const query = database.prepare(`select 1 from runs where status in (${statuses}) limit 1`);
      return Promise.resolve(query.get() !== undefined);
    } finally {
      database.close();
    }
  } catch {
    // The error is not lost: true makes the caller start the engine, which opens the file and reports it.
    return Promise.resolve(true);
  }
}
