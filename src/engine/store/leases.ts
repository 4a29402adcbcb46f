import type { ExpressionBuilder, SelectQueryBuilder } from 'kysely';
import { needsRowLock, skipsLocked } from './capabilities.ts';
import { isActive, isCancelling, isClaimable } from './run-filters.ts';
import type { Database, RunRow, Tables } from './schema.ts';

/** One moment in both units that the runs table uses. */
export interface Now {
  readonly seconds: number;
  readonly milliseconds: number;
}

/** A lease that ends later than this was written before the clock was set back. */
const maxLeaseAheadMs = 60_000;

/** No lease, an expired lease, or one implausibly far in the future. */
const hasNoValidLease = (now: Now) => (where: ExpressionBuilder<Tables, 'runs'>) =>
  where.or([
    where('lease_until', 'is', null),
    where('lease_until', '<=', now.milliseconds),
    where('lease_until', '>', now.milliseconds + maxLeaseAheadMs),
  ]);

/** In a transaction, locks the selected runs and skips those that another transaction has locked. */
function lockRows(db: Database, runs: SelectQueryBuilder<Tables, 'runs', RunRow>) {
  if (!needsRowLock(db)) return runs;
  return skipsLocked(db) ? runs.forNoKeyUpdate().skipLocked() : runs.forNoKeyUpdate();
}

export interface ClaimOptions {
  readonly limit: number;
  /** Ids of runs to leave out. */
  readonly except: readonly string[];
}

/** Queued runs and runs whose lease has expired, oldest first. */
export const claimableRuns = (
  db: Database,
  now: Now,
  { limit, except }: ClaimOptions,
): Promise<RunRow[]> => {
  const runs = db
    .selectFrom('runs')
    .selectAll()
    .where(isClaimable)
    .$if(except.length > 0, (query) => query.where('id', 'not in', except))
    .where(hasNoValidLease(now))
    .where('deadline', '>', now.seconds)
    .orderBy('created_at')
    .orderBy('seq')
    .limit(limit);
  return lockRows(db, runs).execute();
};

/** Runs to cancel that no worker is executing. */
export const cancelledRuns = (db: Database, now: Now): Promise<RunRow[]> => {
  const runs = db.selectFrom('runs').selectAll().where(isCancelling).where(hasNoValidLease(now));
  return lockRows(db, runs).execute();
};

/**
 * Active runs past their deadline, of one thread or of all. Excludes runs under a valid lease: the
 * worker that holds it expires them itself, with the text received so far.
 */
export function overdueRuns(db: Database, now: Now, thread_id?: string): Promise<RunRow[]> {
  const runs = db
    .selectFrom('runs')
    .selectAll()
    .where(isActive)
    .where('deadline', '<=', now.seconds)
    .where(hasNoValidLease(now));
  if (thread_id === undefined) return lockRows(db, runs).execute();
  return runs
    .where('thread_id', '=', thread_id)
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .execute();
}

/** The run, if the lease token is still its current one; undefined once another worker has it. */
export const findLeased = (
  db: Database,
  id: string,
  lease_token: string,
): Promise<RunRow | undefined> =>
  db
    .selectFrom('runs')
    .selectAll()
    .where('id', '=', id)
    .where('lease_token', '=', lease_token)
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .executeTakeFirst();

/** Extends a lease until `lease_until` (ms); resolves to the run's status, undefined if the lease is lost. */
export async function renewLease(
  db: Database,
  id: string,
  lease_token: string,
  lease_until: number,
): Promise<RunRow['status'] | undefined> {
  const renewed = await db
    .updateTable('runs')
    .set({ lease_until })
    .where('id', '=', id)
    .where('lease_token', '=', lease_token)
    .returning('status')
    .executeTakeFirst();
  return renewed?.status;
}

/** Extends the leases that still have one of `tokens` until `lease_until` (ms). */
export const renewLeases = (
  db: Database,
  tokens: readonly string[],
  lease_until: number,
): Promise<unknown> =>
  db.updateTable('runs').set({ lease_until }).where('lease_token', 'in', tokens).execute();

/** The earliest deadline or end of a lease of any active run, in milliseconds since the epoch. */
export async function nextWakeup(db: Database): Promise<number | undefined> {
  const { deadline } = await db
    .selectFrom('runs')
    .select((select) => select.fn.min('deadline').as('deadline'))
    .where(isActive)
    .executeTakeFirstOrThrow();
  if (deadline === null) return undefined;
  const { lease_until } = await db
    .selectFrom('runs')
    .select((select) => select.fn.min('lease_until').as('lease_until'))
    .where('lease_until', 'is not', null)
    .executeTakeFirstOrThrow();
  return Math.min(deadline * 1000, lease_until ?? Infinity);
}
