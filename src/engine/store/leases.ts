import type { SelectQueryBuilder } from 'kysely';
import { needsRowLock, skipsLocked } from './capabilities.ts';
import { hasNoValidLease, isActive, isCancelling, isClaimable } from './run-filters.ts';
import { changingColumns, withSettingsOf } from './runs.ts';
import type { Database, RunRow, Tables } from './schema.ts';

/** One moment in both units that the runs table uses. */
export interface Now {
  readonly seconds: number;
  readonly milliseconds: number;
}

/** The rows, which a transaction locks; skips those that another transaction has locked. */
function lockRows(db: Database, runs: SelectQueryBuilder<Tables, 'runs', object>) {
  const rows = runs.selectAll();
  if (!needsRowLock(db)) return rows;
  return skipsLocked(db) ? rows.forNoKeyUpdate().skipLocked() : rows.forNoKeyUpdate();
}

/** Whether a query has a row; reads no column of it. */
const hasRow = async (runs: SelectQueryBuilder<Tables, 'runs', object>): Promise<boolean> =>
  (await runs.select('id').limit(1).executeTakeFirst()) !== undefined;

export interface ClaimOptions {
  readonly limit: number;
  /** Ids of runs to leave out. */
  readonly except: readonly string[];
}

const claimable = (db: Database, now: Now, except: readonly string[]) =>
  db
    .selectFrom('runs')
    .where(isClaimable)
    .$if(except.length > 0, (query) => query.where('id', 'not in', except))
    .where(hasNoValidLease(now.milliseconds))
    .where('deadline', '>', now.seconds);

/** Whether there are queued runs or runs whose lease has expired. */
export const hasClaimableRuns = (db: Database, now: Now, { except }: ClaimOptions) =>
  hasRow(claimable(db, now, except));

/** Queued runs and runs whose lease has expired, oldest first. */
export const claimableRuns = (
  db: Database,
  now: Now,
  { limit, except }: ClaimOptions,
): Promise<RunRow[]> => {
  const runs = claimable(db, now, except).orderBy('created_at').orderBy('seq').limit(limit);
  return lockRows(db, runs).execute();
};

const cancelled = (db: Database, now: Now) =>
  db.selectFrom('runs').where(isCancelling).where(hasNoValidLease(now.milliseconds));

/** Whether there are runs to cancel that no worker is executing. */
export const hasCancelledRuns = (db: Database, now: Now) => hasRow(cancelled(db, now));

/** Runs to cancel that no worker is executing. */
export const cancelledRuns = (db: Database, now: Now): Promise<RunRow[]> =>
  lockRows(db, cancelled(db, now)).execute();

const overdue = (db: Database, now: Now, thread_id?: string) =>
  db
    .selectFrom('runs')
    .where(isActive)
    .where('deadline', '<=', now.seconds)
    .where(hasNoValidLease(now.milliseconds))
    .$if(thread_id !== undefined, (query) => query.where('thread_id', '=', thread_id ?? ''));

/** Whether there are runs that `overdueRuns` finds. */
export const hasOverdueRuns = (db: Database, now: Now, thread_id?: string) =>
  hasRow(overdue(db, now, thread_id));

/**
 * Active runs past their deadline, of one thread or of all. Excludes runs under a valid lease: the
 * worker that holds it expires them itself, with the text received so far.
 */
export function overdueRuns(db: Database, now: Now, thread_id?: string): Promise<RunRow[]> {
  const runs = overdue(db, now, thread_id);
  if (thread_id === undefined) return lockRows(db, runs).execute();
  return runs
    .selectAll()
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .execute();
}

/** The run as it is now, if the token is still its current one; undefined once another worker has it. */
export async function findLeased(
  db: Database,
  run: RunRow,
  lease_token: string,
): Promise<RunRow | undefined> {
  const row = await db
    .selectFrom('runs')
    .select(changingColumns)
    .where('id', '=', run.id)
    .where('lease_token', '=', lease_token)
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .executeTakeFirst();
  return row && withSettingsOf(run, row);
}

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
