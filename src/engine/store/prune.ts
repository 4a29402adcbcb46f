import { type ExpressionBuilder, type SelectQueryBuilder, sql } from 'kysely';
import { isActive } from './run-filters.ts';
import { needsRowLock, skipsLocked } from './capabilities.ts';
import { type PageQuery, type Cursor, selectPage } from './keyset-page.ts';
import type { Database, Tables } from './schema.ts';
import { transact } from './transaction.ts';

/** What goes, or would go, with threads. */
export interface Pruned {
  readonly threads: number;
  readonly messages: number;
  readonly runs: number;
  /** Copies of files that runs made. */
  readonly files: number;
}

export const noneDeleted: Pruned = { threads: 0, messages: 0, runs: 0, files: 0 };

/** Threads on which nothing has begun since a time in Unix seconds, and that no run holds. */
const isInactive = (since: number) => (where: ExpressionBuilder<Tables, 'threads'>) => {
  const ofThread = (table: 'messages' | 'runs') =>
    where.selectFrom(table).select('seq').whereRef('thread_id', '=', 'threads.id');
  return where.and([
    where('created_at', '<=', since),
    where.not(where.exists(ofThread('messages').where('created_at', '>', since))),
    where.not(where.exists(ofThread('runs').where('created_at', '>', since))),
    where.not(where.exists(ofThread('runs').where(isActive))),
  ]);
};

const stillThreads = (db: Database, since: number) =>
  db.selectFrom('threads').where(isInactive(since));

type Threads<Row> = SelectQueryBuilder<Tables, 'threads', Row>;

/** In a transaction, locks the threads found, but for those that others are at work on. */
function take<Row>(db: Database, threads: Threads<Row>): Threads<Row> {
  if (!needsRowLock(db)) return threads;
  return skipsLocked(db) ? threads.forUpdate().skipLocked() : threads.forUpdate();
}

const countIn = async (
  db: Database,
  table: 'messages' | 'runs',
  threads: readonly string[] | Threads<{ id: string }>,
): Promise<number> => {
  const { count } = await db
    .selectFrom(table)
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('thread_id', 'in', threads)
    .executeTakeFirstOrThrow();
  return count;
};

/** Copies that are as old as that and whose thread is not among these. */
const orphanFiles = (db: Database, since: number, threads: Threads<object>) =>
  db
    .selectFrom('files')
    .where('created_at', '<=', since)
    .where((where) => {
      const owner = threads.select('seq').where('id', '=', sql.ref<string>('files.thread_id'));
      return where.not(where.exists(owner));
    });

/** How much is still since a time in Unix seconds. */
export async function countStill(db: Database, since: number): Promise<Pruned> {
  const threads = stillThreads(db, since);
  const { count } = await threads
    .select((select) => select.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const ids = threads.select('id');
  const living = db.selectFrom('threads').where((where) => where.not(isInactive(since)(where)));
  const copies = await orphanFiles(db, since, living)
    .select((select) => select.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return {
    threads: count,
    messages: await countIn(db, 'messages', ids),
    runs: await countIn(db, 'runs', ids),
    files: copies.count,
  };
}

/**
 * Removes a page of threads that are still, oldest first, with all that belongs to them, in a
 * transaction of its own. `last` is where the next page begins; null when there is none.
 */
export const deleteInactive = (
  db: Database,
  since: number,
  page: Pick<PageQuery, 'limit' | 'after'>,
): Promise<Pruned & { readonly last: Cursor | null }> =>
  transact(db, async (transaction) => {
    const threads = stillThreads(transaction, since);
    const query = { ...page, order: 'asc' } as const;
    const some = threads.select(['id', 'created_at', 'seq']);
    const { rows, has_more } = await selectPage(take(transaction, some), query);
    if (rows.length === 0) return { ...noneDeleted, last: null };
    const found = rows.map(({ id }) => id);
    // Something may have come in between the first look and the locks that it took.
    const sure = await threads.select('id').where('id', 'in', found).execute();
    const last = has_more ? (rows.at(-1) ?? null) : null;
    if (sure.length === 0) return { ...noneDeleted, last };
    const ids = sure.map(({ id }) => id);
    const messages = await countIn(transaction, 'messages', ids);
    const runs = await countIn(transaction, 'runs', ids);
    await transaction.deleteFrom('threads').where('id', 'in', ids).execute();
    return { ...noneDeleted, threads: ids.length, messages, runs, last };
  });

/** Removes so many of the copies whose thread is gone, in a transaction of its own; says how many. */
export const removeCopies = (db: Database, since: number, limit: number): Promise<number> =>
  transact(db, async (transaction) => {
    const threads = transaction.selectFrom('threads');
    const rows = await orphanFiles(transaction, since, threads)
      .select('id')
      .orderBy('created_at')
      .limit(limit)
      .execute();
    const ids = rows.map(({ id }) => id);
    if (ids.length > 0) await transaction.deleteFrom('files').where('id', 'in', ids).execute();
    return ids.length;
  });
