import { sql } from 'kysely';
import { capabilitiesOf } from './capabilities.ts';
import type { RunRow } from './schema.ts';
import type { Database } from './schema.ts';
import type { Notification } from './capabilities.ts';

/** What other processes would want to know of a run as it is now. */
function signalOf({ status, id, lease_token }: RunRow): Notification | null {
  if (status === 'cancelling') return `cancelled ${id}`;
  const isFree = lease_token === null && (status === 'queued' || status === 'in_progress');
  return isFree ? 'queued' : null;
}

/** What each transaction has to say so far of the runs it changed. */
const drafts = new WeakMap<Database, Map<string, Notification | null>>();

/** Notes that a run has changed, in a transaction that tells the other processes at its end. */
export function queueNotification(db: Database, run: RunRow): RunRow {
  const draft = drafts.get(db) ?? new Map<string, Notification | null>();
  drafts.set(db, draft.set(run.id, signalOf(run)));
  return run;
}

/** Tells the other processes, if the transaction is committed, of its runs as they are now. */
export async function sendNotifications(db: Database): Promise<void> {
  const notifications = capabilitiesOf(db)?.notifications ?? null;
  if (notifications === null) return;
  for (const signal of new Set(drafts.get(db)?.values())) {
    if (signal !== null)
      await sql`select pg_notify(${notifications.channel}, ${signal})`.execute(db);
  }
}
