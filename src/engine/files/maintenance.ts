import { unixSeconds } from '../../shared/clock.ts';
import { deleteHidden } from '../store/chunks.ts';
import { deleteUnusedContents } from '../store/file-contents.ts';
import { deleteExpiredFiles, hasExpiredFiles } from '../store/files.ts';
import { type CleanUpDeps, repeatCleanUp } from '../store/repeat-clean-up.ts';
import { transact } from '../store/transaction.ts';
import { expireUploads, forgetUploads, hasExpiredUploads } from '../store/uploads.ts';

const intervalMs = 55_000;

/**
 * Deletes files that have expired, and the parts of uploads that were not completed in time, and
 * contents that no file refers to.
 */
async function cleanUpFiles({ db, clock }: CleanUpDeps, signal: AbortSignal): Promise<void> {
  const now = unixSeconds(clock);
  while (!signal.aborted && (await hasExpiredFiles(db, now))) {
    await deleteHidden(
      db,
      await transact(db, (transaction) => deleteExpiredFiles(transaction, now)),
    );
  }
  while (!signal.aborted && (await hasExpiredUploads(db, now))) {
    await transact(db, (transaction) => expireUploads(transaction, now));
  }
  await forgetUploads(db, now);
  await deleteUnusedContents(db, clock.now(), signal);
}

/** Cleans up now and every minute. Resolves when `signal` aborts; never rejects. */
export const keepFilesClean = (deps: CleanUpDeps, signal: AbortSignal): Promise<void> =>
  repeatCleanUp(deps, { name: 'files', intervalMs, run: () => cleanUpFiles(deps, signal) }, signal);
