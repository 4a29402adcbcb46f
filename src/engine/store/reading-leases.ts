import { needsRowLock, skipsLocked } from './capabilities.ts';
import { hasNoValidLease, isInProgress } from './run-filters.ts';
import type { Database } from './schema.ts';
import {
  type FileError,
  type FileStatus,
  type StoreFileBody,
  type StoreFileRow,
  storeFileBody,
} from './vector-store-files.ts';

/*
 * The files `in_progress` are a queue: a process leases a file, reads it and writes its chunks. Each
 * of its writes checks the lease, so that a process that was suspended cannot overwrite its successor.
 */

const unread = (db: Database, now: number) =>
  db.selectFrom('vector_store_files').where(isInProgress).where(hasNoValidLease(now));

/** Whether there is a file that waits to be read; `now` in milliseconds. */
export const hasUnreadFiles = async (db: Database, now: number): Promise<boolean> =>
  (await unread(db, now).select('seq').limit(1).executeTakeFirst()) !== undefined;

/** The files that wait to be read, those with fewer attempts first, then the oldest; skips those that another transaction has locked. */
export const unreadFiles = (
  db: Database,
  now: number,
  limit: number,
): Promise<Pick<StoreFileRow, 'seq' | 'attempts'>[]> =>
  unread(db, now)
    .select(['seq', 'attempts'])
    .orderBy('attempts')
    .orderBy('created_at')
    .orderBy('seq')
    .limit(limit)
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .$if(skipsLocked(db), (query) => query.skipLocked())
    .execute();

interface Lease {
  readonly lease_token: string | null;
  /** Milliseconds since the epoch. */
  readonly lease_until: number | null;
}

/** Leases a file for one more attempt to read it. */
export const leaseFile = (
  db: Database,
  { seq, attempts }: Pick<StoreFileRow, 'seq' | 'attempts'>,
  lease: Lease,
): Promise<StoreFileRow> =>
  db
    .updateTable('vector_store_files')
    .set({ ...lease, attempts: attempts + 1 })
    .where('seq', '=', seq)
    .returningAll()
    .executeTakeFirstOrThrow();

/** Whether the file's lease is still the one it was claimed with; locks the file. */
export const hasLease = async (
  db: Database,
  { seq, lease_token }: StoreFileRow,
): Promise<boolean> =>
  (await db
    .selectFrom('vector_store_files')
    .select('seq')
    .where('seq', '=', seq)
    .where('lease_token', '=', lease_token)
    .where('status', '=', 'in_progress')
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .executeTakeFirst()) !== undefined;

/** Extends the lease until `lease_until` (ms); false if it is lost. */
export const renewFileLease = async (
  db: Database,
  { seq, lease_token }: StoreFileRow,
  lease_until: number,
): Promise<boolean> =>
  (await db
    .updateTable('vector_store_files')
    .set({ lease_until })
    .where('seq', '=', seq)
    .where('lease_token', '=', lease_token)
    .returning('seq')
    .executeTakeFirst()) !== undefined;

/** Hands a file back to the queue; the attempt does not count. */
export const releaseFile = async (
  db: Database,
  { seq, lease_token, attempts }: StoreFileRow,
): Promise<void> => {
  await db
    .updateTable('vector_store_files')
    .set({ lease_token: null, lease_until: null, attempts: attempts - 1 })
    .where('seq', '=', seq)
    .where('lease_token', '=', lease_token)
    .execute();
};

/** How reading a file ended. */
export interface ReadingResult {
  readonly status: Extract<FileStatus, 'completed' | 'failed'>;
  readonly last_error: FileError | null;
  readonly usage_bytes: number;
  readonly overlaps: readonly number[] | null;
}

/** Ends the reading of a file whose lease the transaction has checked. */
export const finishFile = async (
  db: Database,
  row: StoreFileRow,
  { status, last_error, usage_bytes, overlaps }: ReadingResult,
): Promise<void> => {
  const body: StoreFileBody = { ...storeFileBody(row), last_error };
  await db
    .updateTable('vector_store_files')
    .set({
      status,
      usage_bytes,
      overlaps: overlaps && JSON.stringify(overlaps),
      body: JSON.stringify(body),
      lease_token: null,
      lease_until: null,
    })
    .where('seq', '=', row.seq)
    .execute();
};
