import { sql } from 'kysely';
import { featuresOf } from './features.ts';
import type { RunRow } from './runs.ts';
import type { Database } from './schema.ts';
import type { Signal } from './signals.ts';

/** What other processes would want to know of a run as it is now. */
function signalOf({ status, id, lease_token }: RunRow): Signal | null {
  if (status === 'cancelling') return `cancelled ${id}`;
  const isFree = lease_token === null && (status === 'queued' || status === 'in_progress');
  return isFree ? 'queued' : null;
}

/** Tells the other processes of a run that has changed, when the change is committed. */
export async function announce(db: Database, run: RunRow): Promise<RunRow> {
  const signals = featuresOf(db)?.signals ?? null;
  const signal = signalOf(run);
  if (signals !== null && signal !== null) {
    await sql`select pg_notify(${signals.channel}, ${signal})`.execute(db);
  }
  return run;
}
