import { type Database, liveStatuses } from './schema.ts';
import type { RunRow } from './runs.ts';

/** A moment, in both of the units that runs are kept in. */
export interface Moment {
  readonly seconds: number;
  readonly milliseconds: number;
}

/** Runs nobody is executing although somebody could: queued ones, and those a lease ran out on. */
export const claimableRuns = (db: Database, now: Moment, limit: number): Promise<RunRow[]> =>
  db
    .selectFrom('runs')
    .selectAll()
    .where('status', 'in', ['queued', 'in_progress', 'cancelling'])
    .where((where) =>
      where.or([where('lease_until', 'is', null), where('lease_until', '<=', now.milliseconds)]),
    )
    .where((where) =>
      where.or([where('status', '=', 'cancelling'), where('deadline', '>', now.seconds)]),
    )
    .orderBy('created_at')
    .orderBy('seq')
    .limit(limit)
    .execute();

/**
 * Live runs whose deadline has passed, of one thread or of all. A run under a valid lease is left
 * to its holder, whose own timer ends it with the text it has so far.
 */
export function dueRuns(db: Database, now: Moment, thread_id?: string): Promise<RunRow[]> {
  const due = db
    .selectFrom('runs')
    .selectAll()
    .where('status', 'in', liveStatuses)
    .where('deadline', '<=', now.seconds)
    .where((where) =>
      where.or([where('lease_until', 'is', null), where('lease_until', '<=', now.milliseconds)]),
    );
  return (thread_id === undefined ? due : due.where('thread_id', '=', thread_id)).execute();
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
export async function nextDue(db: Database): Promise<number | undefined> {
  const row = await db
    .selectFrom('runs')
    .select((select) => [
      select.fn.min('deadline').as('deadline'),
      select.fn.min('lease_until').as('lease_until'),
    ])
    .where('status', 'in', liveStatuses)
    .executeTakeFirst();
  if (row === undefined || row.deadline === null) return undefined;
  return Math.min(row.deadline * 1000, row.lease_until ?? Infinity);
}
