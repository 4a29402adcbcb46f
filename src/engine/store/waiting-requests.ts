import type { Database } from './schema.ts';
import { transact } from './transaction.ts';

/*
 * Requests that wait for a thread, in the order in which they came, of all processes. A row is valid
 * until a time that its process keeps extending, so that a process that dies blocks nobody.
 */
export interface WaitingRequest {
  readonly thread_id: string;
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly validUntil: number;
}

/** Rows of processes that died are deleted this long after they became invalid. */
const keptMs = 60 * 60 * 1000;

interface Times {
  readonly now: number;
  readonly validUntil: number;
}

/** Adds a request behind all others of its thread. Nothing is lost if a crash loses the row. */
export const addWaitingRequest = (
  db: Database,
  thread_id: string,
  { now, validUntil }: Times,
): Promise<WaitingRequest> =>
  transact(
    db,
    async (transaction) => {
      await transaction
        .deleteFrom('waiting_requests')
        .where('valid_until', '<', now - keptMs)
        .execute();
      const { seq } = await transaction
        .insertInto('waiting_requests')
        .values({ thread_id, valid_until: validUntil })
        .returning('seq')
        .executeTakeFirstOrThrow();
      return { thread_id, seq, validUntil };
    },
    { asyncCommit: true },
  );

export async function extendWaitingRequest(
  db: Database,
  request: WaitingRequest,
  validUntil: number,
): Promise<WaitingRequest> {
  const extend = (transaction: Database) =>
    transaction
      .updateTable('waiting_requests')
      .set({ valid_until: validUntil })
      .where('seq', '=', request.seq)
      .execute();
  await transact(db, extend, { asyncCommit: true });
  return { ...request, validUntil };
}

export async function removeWaitingRequest(db: Database, { seq }: WaitingRequest): Promise<void> {
  const remove = (transaction: Database) =>
    transaction.deleteFrom('waiting_requests').where('seq', '=', seq).execute();
  await transact(db, remove, { asyncCommit: true });
}

/** The number of the request that waits longest for a thread; undefined if none waits. */
export async function firstWaitingRequest(
  db: Database,
  thread_id: string,
  now: number,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('waiting_requests')
    .select('seq')
    .where('thread_id', '=', thread_id)
    .where('valid_until', '>', now)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  return row?.seq;
}
