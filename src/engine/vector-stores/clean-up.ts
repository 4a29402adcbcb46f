import { type Clock, unixSeconds } from '../../shared/clock.ts';
import { deleteHidden, hideChunks } from '../store/chunks.ts';
import { type CleanUpDeps, repeatCleanUp } from '../store/repeat-clean-up.ts';
import type { Database } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import {
  clearExpiredStore,
  expiredStores,
  filesWithUnusedChunks,
  incompleteVersions,
} from '../store/vector-stores.ts';
import { deleteUnusedOf } from './unused-chunks.ts';

/** Rows that one query finds. */
const batchSize = 100;

async function deleteExpired(
  db: Database,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (;;) {
    const stores = await expiredStores(db, unixSeconds(clock), batchSize);
    for (const { id } of stores) {
      if (signal?.aborted === true) return;
      const hidden = await transact(db, async (transaction) =>
        (await clearExpiredStore(transaction, id, unixSeconds(clock)))
          ? hideChunks(transaction, id)
          : [],
      );
      await deleteHidden(db, hidden);
    }
    if (stores.length < batchSize) return;
  }
}

async function deleteUnused(db: Database, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    const files = await filesWithUnusedChunks(db, batchSize);
    for (const { vector_store_id, file_id } of files) {
      if (signal?.aborted === true) return;
      await deleteUnusedOf(db, vector_store_id, file_id);
    }
    if (files.length < batchSize) return;
  }
}

async function deleteIncomplete(db: Database, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    const versions = await incompleteVersions(db, batchSize);
    for (const seq of versions) {
      if (signal?.aborted === true) return;
      await deleteHidden(db, [seq]);
    }
    if (versions.length < batchSize) return;
  }
}

/**
 * Deletes the chunks of stores that have expired, and those that an interrupted deletion or
 * replacement left.
 */
export async function deleteUnusedChunks(
  db: Database,
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> {
  await deleteExpired(db, clock, signal);
  await deleteUnused(db, signal);
  await deleteIncomplete(db, signal);
}

/** A start has more urgent work. */
const firstDelayMs = 5 * 60 * 1000;
const intervalMs = 60 * 60 * 1000;

/** Deletes unused chunks every hour. Resolves when `signal` aborts; never rejects. */
export function cleanUpChunks(deps: CleanUpDeps, signal: AbortSignal): Promise<void> {
  const run = () => deleteUnusedChunks(deps.db, deps.clock, signal);
  return repeatCleanUp(deps, { name: 'passages', firstDelayMs, intervalMs, run }, signal);
}
