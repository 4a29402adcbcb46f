import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isPostgresUrl } from '../../../shared/urls.ts';
import { activeStatuses } from '../schema.ts';

/**
 * Whether a database holds runs that are not at their end, seen without loading the engine. A file
 * that is not there holds none; one that cannot be read counts as yes, so that the engine says why,
 * and so does a server, whose runs are everybody's.
 */
export function hasUnfinishedRuns(file: string): Promise<boolean> {
  if (isPostgresUrl(file)) return Promise.resolve(true);
  if (file === ':memory:' || !existsSync(file)) return Promise.resolve(false);
  try {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      const statuses = activeStatuses.map((status) => `'${status}'`).join(', ');
      const found = database.prepare(`select 1 from runs where status in (${statuses}) limit 1`);
      return Promise.resolve(found.get() !== undefined);
    } finally {
      database.close();
    }
  } catch {
    return Promise.resolve(true);
  }
}
