import { sql } from 'kysely';
import type { Clock } from '../../../shared/clock.ts';
import { SqliteFileAdapter } from '../durability.ts';
import type { Database } from '../schema.ts';
import { statsOf } from '../../../shared/file-stats.ts';

/** The log is moved into the database file when it has not changed for this long. */
export const idleMs = 5000;

/** Changes with each write of any process; empty if there is nothing in the log. */
function logState(path: string): string {
  const stats = statsOf(path);
  return stats === undefined || stats.size === 0 ? '' : `${stats.size} ${stats.mtimeMs}`;
}

/**
 * Moves the write-ahead log into the database file whenever no process has written for a while, so
 * that a copy of that file alone is complete. Resolves when `signal` aborts; never rejects.
 */
export async function checkpointWhenIdle(
  db: Database,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const { adapter } = db.getExecutor();
  const path = adapter instanceof SqliteFileAdapter ? adapter.log.path : null;
  if (path === null) return;
  let lastState = logState(path);
  for (;;) {
    await clock.sleep(idleMs, signal);
    if (signal.aborted) return;
    const state = logState(path);
    // It never waits for readers or writers: if there are any, the next attempt may succeed.
    if (state !== '' && state === lastState) {
      await sql`pragma wal_checkpoint(truncate)`.execute(db).catch(() => {});
    }
    lastState = logState(path);
  }
}
