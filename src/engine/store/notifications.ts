import { sql } from 'kysely';
import type { Database, RunRow } from './schema.ts';

/** `queued`: a run is waiting for a worker. `cancelled <run id>`: stop executing that run. */
export type Notification = 'queued' | `cancelled ${string}`;

/** Messages between processes that share a PostgreSQL database. They may get lost. */
export interface Notifications {
  /** The channel of LISTEN and NOTIFY. */
  readonly channel: string;
  /** Whether notifications arrive at present; if not, poll the database. */
  readonly isConnected: boolean;
  /** Calls `onNotification` for each notification, this process's own included, and after each reconnect. */
  listen(onNotification: (notification: string) => void): void;
  /** Stops listening. */
  close(): Promise<void>;
}

type NotifyingRun = Pick<RunRow, 'id' | 'status' | 'lease_token'>;

/** What other processes need to know about a run in its present state. */
function notificationOf({ status, id, lease_token }: NotifyingRun): Notification | null {
  if (status === 'cancelling') return `cancelled ${id}`;
  const isClaimable = lease_token === null && (status === 'queued' || status === 'in_progress');
  return isClaimable ? 'queued' : null;
}

/** The notifications of each open transaction, by run id. */
const queues = new WeakMap<Database, Map<string, Notification | null>>();

/** Notes in a transaction that a run has changed; `sendNotifications` sends it before the commit. */
export function queueNotification<Row extends NotifyingRun>(db: Database, run: Row): Row {
  const queue = queues.get(db) ?? new Map<string, Notification | null>();
  queues.set(db, queue.set(run.id, notificationOf(run)));
  return run;
}

/** Sends the transaction's notifications to a channel; PostgreSQL delivers them if it commits. */
export async function sendNotifications(db: Database, channel: string): Promise<void> {
  for (const notification of new Set(queues.get(db)?.values())) {
    if (notification !== null) await sql`select pg_notify(${channel}, ${notification})`.execute(db);
  }
}
