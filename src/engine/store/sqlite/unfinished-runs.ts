import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { statsOf } from '../../../shared/file-stats.ts';
import { isPostgresUrl } from '../../../shared/urls.ts';
import { activeStatuses } from '../../../shared/run-status.ts';
import { inMemory } from './files.ts';

/**
 * Whether a database has active runs, found out without loading the engine. A missing file has none.
 * A PostgreSQL database counts as having some, since its runs may be any process's.
 */
export function hasUnfinishedRuns(location: string): Promise<boolean> {
  if (isPostgresUrl(location)) return Promise.resolve(true);
  const path = resolve(location);
  if (location === inMemory || statsOf(path)?.isFile() !== true) {
    return Promise.resolve(false);
  }
  try {
    const database = new DatabaseSync(path, { readOnly: true });
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
