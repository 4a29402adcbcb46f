import type { ExpressionBuilder, SelectQueryBuilder } from 'kysely';
import { isCancelling, isActive, isClaimable } from './run-filters.ts';
import { needsRowLock, skipsLocked } from './capabilities.ts';
import type { Database, Tables } from './schema.ts';
import type { RunRow } from './schema.ts';

/** A moment, in both of the units that runs are kept in. */
export interface Now {
  readonly seconds: number;
  readonly milliseconds: number;
}

/** Milliseconds: no lease of a clock that is nearly right ends later than this from now. */
const maxLeaseAheadMs = 60_000;

/** Nobody's, or of somebody who is late, or of a time that the clock has since been put back from. */
const isFree = (now: Now) => (where: ExpressionBuilder<Tables, 'runs'>) =>
  where.or([
    where('lease_until', 'is', null),
    where('lease_until', '<=', now.milliseconds),
    where('lease_until', '>', now.milliseconds + maxLeaseAheadMs),
  ]);

/** In a transaction, locks the runs found; those that somebody else has to do with are passed over. */
function lockRows(db: Database, runs: SelectQueryBuilder<Tables, 'runs', RunRow>) {
  if (!needsRowLock(db)) return runs;
  return skipsLocked(db) ? runs.forNoKeyUpdate().skipLocked() : runs.forNoKeyUpdate();
}

/** How many runs are wanted, and which are not, by id. */
export interface ClaimOptions {
  readonly limit: number;
  readonly except: readonly string[];
}

/** Runs nobody is executing although somebody could: queued ones, and those a lease ran out on. */
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
    .where(isFree(now))
    .where('deadline', '>', now.seconds)
    .orderBy('created_at')
    .orderBy('seq')
    .limit(limit);
  return lockRows(db, runs).execute();
};

/** Runs that are to be stopped and that nobody is executing, whether or not there is room for more. */
export const cancelledRuns = (db: Database, now: Now): Promise<RunRow[]> =>
  lockRows(db, db.selectFrom('runs').selectAll().where(isCancelling).where(isFree(now))).execute();

/**
 * Live runs whose deadline has passed, of one thread or of all. A run under a valid lease is left
 * to its holder, whose own timer ends it with the text it has so far.
 */
export function overdueRuns(db: Database, now: Now, thread_id?: string): Promise<RunRow[]> {
  const due = db
    .selectFrom('runs')
    .selectAll()
    .where(isActive)
    .where('deadline', '<=', now.seconds)
    .where(isFree(now));
  if (thread_id === undefined) return lockRows(db, due).execute();
  return due
    .where('thread_id', '=', thread_id)
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .execute();
}

/** The run as its lease's holder may still write it; undefined once the lease is someone else's. */
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

/** Keeps a lease alive; answers the run's status, or undefined when the lease is lost. */
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

/**
 * When a live run will next need somebody who is not its holder, in milliseconds since the epoch:
 * its deadline or the end of its lease, whichever comes first.
 */
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
