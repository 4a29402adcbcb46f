import { unixSeconds } from '../../shared/clock.ts';
import { type CleanUpDeps, repeatCleanUp } from './repeat-clean-up.ts';
import type { Database, IdempotencyKeyRow } from './schema.ts';
import { transact } from './transaction.ts';

/** Seconds for which a key is answered with the first result. */
const keyLifetime = 24 * 60 * 60;

/** Identifies a request that may come again. */
export interface RequestKey extends Pick<IdempotencyKeyRow, 'id' | 'body_hash'> {
  /** Unix seconds. */
  readonly created_at: number;
}

/** What a repeated request is answered with. */
export type FirstAnswer = Pick<IdempotencyKeyRow, 'thread_id' | 'object' | 'skipped_events'>;

const firstValidSecond = (now: number): number => now - keyLifetime + 1;

/** The row of the first request with this key; undefined if there was none in the last 24 hours. */
export const findKey = (
  db: Database,
  { id, created_at: now }: RequestKey,
): Promise<IdempotencyKeyRow | undefined> =>
  db
    .selectFrom('idempotency_keys')
    .selectAll()
    .where('id', '=', id)
    .where('created_at', '>=', firstValidSecond(now))
    .executeTakeFirst();

/**
 * Takes a key for the caller's transaction; false if another request has it. Waits for a concurrent
 * transaction with the same key, and gets the key if that fails.
 */
export async function takeKey(db: Database, key: RequestKey): Promise<boolean> {
  await db
    .deleteFrom('idempotency_keys')
    .where('id', '=', key.id)
    .where('created_at', '<', firstValidSecond(key.created_at))
    .execute();
  const inserted = await db
    .insertInto('idempotency_keys')
    .values({ ...key, thread_id: null, object: '', skipped_events: 0 })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

/** Stores the answer to the request that took the key. It is deleted with the thread, if it has one. */
export const saveFirstAnswer = async (
  db: Database,
  id: string,
  answer: FirstAnswer,
): Promise<void> => {
  await db.updateTable('idempotency_keys').set(answer).where('id', '=', id).execute();
};

const cleanupIntervalMs = 60 * 60 * 1000;

/** Deletes the keys that are older than 24 hours; `now` in Unix seconds. */
async function deleteExpiredKeys(db: Database, now: number): Promise<void> {
  const isExpired = ['created_at', '<', firstValidSecond(now)] as const;
  const oldest = await db
    .selectFrom('idempotency_keys')
    .select('id')
    .where(...isExpired)
    .limit(1)
    .executeTakeFirst();
  if (oldest === undefined) return;
  await transact(db, (transaction) =>
    transaction
      .deleteFrom('idempotency_keys')
      .where(...isExpired)
      .execute(),
  );
}

/** Deletes expired keys now and every hour. Resolves when `signal` aborts; never rejects. */
export function cleanUpKeys(deps: CleanUpDeps, signal: AbortSignal): Promise<void> {
  const run = () => deleteExpiredKeys(deps.db, unixSeconds(deps.clock));
  return repeatCleanUp(deps, { name: 'keys', intervalMs: cleanupIntervalMs, run }, signal);
}
