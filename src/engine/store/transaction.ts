import { setTimeout } from 'node:timers/promises';
import { sql } from 'kysely';
import { sendNotifications } from './notifications.ts';
import { syncToDisk } from './durability.ts';
import { capabilitiesOf } from './capabilities.ts';
import type { Database } from './schema.ts';
import { isConflict, isConnectionLoss, wasNotSent } from './errors.ts';

/*
 * SQLite has one writer at a time. PostgreSQL has many, and these rules keep them apart: what is
 * looked up in a transaction is locked until it ends (`locksRows`), a thread before its runs, and
 * whoever adds to a thread or changes one of its runs looks up that thread or that run first. So
 * checks still hold when what they allow is written, and nobody waits for another thread.
 */

/** How often a transaction is begun again, in about five seconds. */
const maxAttempts = 20;

/** Milliseconds to wait after so many failures, at random: those who collided do not meet again. */
export const backoffMs = (failures: number): number =>
  Math.random() * Math.min(500, 5 * 2 ** Math.min(failures, 10));

/** What a transaction promises beyond being whole. */
export interface CommitOptions<T = unknown> {
  /**
   * A draft is what the program can do again by itself, such as taking a run: it may be lost with
   * the power or PostgreSQL's server, until the next transaction that is none. What was answered is never a draft.
   */
  readonly asyncCommit?: boolean;
  /** Hears of the change when it has been made, and may yet be lost with the power. */
  readonly onCommit?: (result: T) => void;
}

/**
 * Does all of `work` or none of it. It is done again when another transaction got in its way or the
 * connection was lost, so it must leave nothing behind but what it returns and writes to `db`.
 */
export async function transact<T>(
  db: Database,
  work: (db: Database) => Promise<T>,
  { asyncCommit: isDraft = false, onCommit }: CommitOptions<T> = {},
): Promise<T> {
  const result = await commit(db, work, isDraft);
  onCommit?.(result);
  if (!isDraft) await syncToDisk(db);
  return result;
}

async function commit<T>(
  db: Database,
  work: (db: Database) => Promise<T>,
  asyncCommit: boolean,
): Promise<T> {
  const features = capabilitiesOf(db);
  for (let failures = 1; ; failures += 1) {
    let isCommitting = false;
    const once = () =>
      db
        .transaction()
        .setIsolationLevel(features?.isolation ?? 'serializable')
        .execute(async (transaction) => {
          if (asyncCommit && features?.asyncCommit === true) {
            await sql`set local synchronous_commit = off`.execute(transaction);
          }
          const result = await work(transaction);
          await sendNotifications(transaction);
          isCommitting = true;
          return result;
        });
    try {
      return await once();
    } catch (error) {
      // Nobody knows whether a commit happened that was sent and not answered.
      const isLost = isConnectionLoss(error) && (!isCommitting || wasNotSent(error));
      const isUndone = isConflict(error) || isLost;
      if (!isUndone || failures === maxAttempts) throw error;
      await setTimeout(backoffMs(failures));
    }
  }
}
