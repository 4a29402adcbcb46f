/*
 * SQLite has one writer at a time. PostgreSQL has many, and these rules keep them apart: rows read
 * in a transaction stay locked until it ends (`needsRowLock`), a thread is locked before its runs,
 * and whoever adds to a thread or changes a run reads that thread or run first. So what a check
 * found still holds when its result is written, and transactions of different threads never wait.
 */
import { setTimeout } from 'node:timers/promises';
import { sql } from 'kysely';
import { backoffMs } from '../../shared/clock.ts';
import { capabilitiesOf } from './capabilities.ts';
import { syncToDisk } from './durability.ts';
import { isConflict, isConnectionLoss, isStoreError, wasNotSent } from './errors.ts';
import { sendNotifications } from './notifications.ts';
import type { Database } from './schema.ts';

/** Takes about five seconds. */
const maxAttempts = 20;

/** The pause after `failures` failed attempts; random, so that colliding transactions separate. */
export const retryPauseMs = (failures: number): number =>
  Math.random() * backoffMs(failures, { firstMs: 10, maxMs: 500 });

export interface CommitOptions<T = unknown> {
  /**
   * Do not wait for the disk: a crash may lose the commit. Only for work that the program can redo,
   * such as claiming a run; never for anything already returned to a client.
   */
  readonly asyncCommit?: boolean;
  /** Called after the commit and before the disk has it. */
  readonly onCommit?: (result: T) => void;
}

/** The databases, by their adapters, whose last transaction failed: `writeProblem` finds out why. */
export const failedWrites = new WeakSet<object>();

/**
 * Runs `work` in a transaction, and again after a conflict or a lost connection: it must have no
 * effects beyond `db` and its result. Resolves when the commit survives a power loss.
 */
export async function transact<T>(
  db: Database,
  work: (db: Database) => Promise<T>,
  { asyncCommit = false, onCommit }: CommitOptions<T> = {},
): Promise<T> {
  try {
    const result = await commitWithRetry(db, work, asyncCommit);
    onCommit?.(result);
    if (!asyncCommit) await syncToDisk(db);
    return result;
  } catch (error) {
    if (isStoreError(error)) failedWrites.add(db.getExecutor().adapter);
    throw error;
  }
}

async function commitWithRetry<T>(
  db: Database,
  work: (db: Database) => Promise<T>,
  asyncCommit: boolean,
): Promise<T> {
  const capabilities = capabilitiesOf(db);
  const channel = capabilities?.notifications?.channel;
  for (let failures = 1; ; failures += 1) {
    let isCommitting = false;
    try {
      return await db
        .transaction()
        .setIsolationLevel(capabilities?.isolation ?? 'serializable')
        .execute(async (transaction) => {
          if (asyncCommit && capabilities?.asyncCommit === true) {
            await sql`set local synchronous_commit = off`.execute(transaction);
          }
          const result = await work(transaction);
          if (channel !== undefined) await sendNotifications(transaction, channel);
          isCommitting = true;
          return result;
        });
    } catch (error) {
      // A commit that was sent may have succeeded although the connection was lost.
      const isLost = isConnectionLoss(error) && (!isCommitting || wasNotSent(error));
      const isRetryable = isConflict(error) || isLost;
      if (!isRetryable || failures === maxAttempts) throw error;
      await setTimeout(retryPauseMs(failures));
    }
  }
}
