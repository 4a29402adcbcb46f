import { type Clock, unixSeconds } from '../../shared/clock.ts';
import { deleteUnusedContents } from '../store/file-contents.ts';
import { deleteExpiredFiles, hasExpiredFiles } from '../store/files.ts';
import type { Database } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import { removeFromAllStores } from '../vector-stores/stores.ts';
import { expireUploads, forgetUploads, hasExpiredUploads } from '../store/uploads.ts';

const intervalMs = 55_000;

/**
 * Deletes files that have expired, and the parts of uploads that were not completed in time, and
 * contents that no file refers to.
 */
export async function cleanUpFiles(db: Database, clock: Clock, signal: AbortSignal): Promise<void> {
  const now = unixSeconds(clock);
  while (!signal.aborted && (await hasExpiredFiles(db, now))) {
    const ids = await transact(db, (transaction) => deleteExpiredFiles(transaction, now));
    for (const id of ids) await removeFromAllStores({ db }, id);
  }
  while (!signal.aborted && (await hasExpiredUploads(db, now))) {
    await transact(db, (transaction) => expireUploads(transaction, now));
  }
  await forgetUploads(db, now);
  await deleteUnusedContents(db, clock.now(), signal);
}

/** Cleans up now and every minute. Resolves when `signal` aborts; never rejects. */
export async function keepFilesClean(
  db: Database,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    // A database that cannot be written is reported elsewhere, and the next attempt may succeed.
    await cleanUpFiles(db, clock, signal).catch(() => {});
    await clock.sleep(intervalMs, signal);
  }
}
