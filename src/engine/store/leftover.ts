import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { liveStatuses } from './schema.ts';

/**
 * Whether a file holds runs that are not at their end, seen without loading the engine. A file that
 * is not there holds none; one that cannot be read counts as yes, so that the engine says why.
 */
export function hasLiveRuns(file: string): Promise<boolean> {
  if (file === ':memory:' || !existsSync(file)) return Promise.resolve(false);
  try {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      const statuses = liveStatuses.map((status) => `'${status}'`).join(', ');
      const found = database.prepare(`select 1 from runs where status in (${statuses}) limit 1`);
      return Promise.resolve(found.get() !== undefined);
    } finally {
      database.close();
    }
  } catch {
    return Promise.resolve(true);
  }
}
