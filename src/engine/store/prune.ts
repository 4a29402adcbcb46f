import { type ExpressionBuilder, type SelectQueryBuilder, sql } from 'kysely';
import { needsRowLock, skipsLocked } from './capabilities.ts';
import { type Cursor, type PageQuery, selectPage } from './keyset-page.ts';
import { isActive } from './run-filters.ts';
import { deleteFiles } from './files.ts';
import type { Database, Tables } from './schema.ts';
import { transact } from './transaction.ts';

/** Numbers of deleted rows. */
export interface Pruned {
  readonly threads: number;
  readonly messages: number;
  readonly runs: number;
  /** Local copies of generated files. */
  readonly files: number;
}

export const noneDeleted: Pruned = { threads: 0, messages: 0, runs: 0, files: 0 };

/** Threads without a message or run created after `since` (Unix seconds) and without an active run. */
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

const inactiveThreads = (db: Database, since: number) =>
  db.selectFrom('threads').where(isInactive(since));

type ThreadQuery<Row> = SelectQueryBuilder<Tables, 'threads', Row>;

/** In a transaction, locks the selected threads and skips those that another transaction has locked. */
function lockThreads<Row>(db: Database, threads: ThreadQuery<Row>): ThreadQuery<Row> {
  if (!needsRowLock(db)) return threads;
  return skipsLocked(db) ? threads.forUpdate().skipLocked() : threads.forUpdate();
}

const countByThread = async (
  db: Database,
  table: 'messages' | 'runs',
  threads: readonly string[] | ThreadQuery<{ id: string }>,
): Promise<number> => {
  const { count } = await db
    .selectFrom(table)
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('thread_id', 'in', threads)
    .executeTakeFirstOrThrow();
  return count;
};

/** File copies created up to `since` whose thread is not among `threads`; assistants' files have none. */
const orphanFiles = (db: Database, since: number, threads: ThreadQuery<object>) =>
  db
    .selectFrom('files')
    .where('created_at', '<=', since)
    .where('thread_id', 'is not', null)
    .where((where) => {
      const thread = threads.select('seq').where('id', '=', sql.ref<string>('files.thread_id'));
      return where.not(where.exists(thread));
    });

/** The file copies that would be without a thread when inactive threads are deleted. */
export async function orphanFileIds(db: Database, since: number): Promise<string[]> {
  const retained = db.selectFrom('threads').where((where) => where.not(isInactive(since)(where)));
  const rows = await orphanFiles(db, since, retained).select('id').execute();
  return rows.map(({ id }) => id);
}

/** The numbers of rows that pruning would delete; `since` in Unix seconds. */
export async function countInactive(db: Database, since: number): Promise<Pruned> {
  const threads = inactiveThreads(db, since);
  const { count } = await threads
    .select((select) => select.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const ids = threads.select('id');
  return {
    threads: count,
    messages: await countByThread(db, 'messages', ids),
    runs: await countByThread(db, 'runs', ids),
    files: (await orphanFileIds(db, since)).length,
  };
}

/**
 * Deletes a page of inactive threads, oldest first, with their messages and runs, in one
 * transaction. `last` is the cursor for the next page; null after the last page.
 */
export const deleteInactive = (
  db: Database,
  since: number,
  page: Pick<PageQuery, 'limit' | 'after'>,
): Promise<Pruned & { readonly last: Cursor | null }> =>
  transact(db, async (transaction) => {
    const threads = inactiveThreads(transaction, since);
    const query = { ...page, order: 'asc' } as const;
    const candidates = lockThreads(transaction, threads.select(['id', 'created_at', 'seq']));
    const { rows, has_more } = await selectPage(candidates, query);
    if (rows.length === 0) return { ...noneDeleted, last: null };
    const locked = rows.map(({ id }) => id);
    // A message or run may have been created before the rows were locked: check again.
    const inactive = await threads.select('id').where('id', 'in', locked).execute();
    const last = has_more ? (rows.at(-1) ?? null) : null;
    if (inactive.length === 0) return { ...noneDeleted, last };
    const ids = inactive.map(({ id }) => id);
    const messages = await countByThread(transaction, 'messages', ids);
    const runs = await countByThread(transaction, 'runs', ids);
    await transaction.deleteFrom('threads').where('id', 'in', ids).execute();
    return { ...noneDeleted, threads: ids.length, messages, runs, last };
  });

/** Deletes up to `limit` file copies whose thread no longer exists; resolves to their number. */
export const deleteOrphanFiles = (db: Database, since: number, limit: number): Promise<number> =>
  transact(db, async (transaction) => {
    const threads = transaction.selectFrom('threads');
    const rows = await orphanFiles(transaction, since, threads)
      .select('id')
      .orderBy('created_at')
      .limit(limit)
      .execute();
    const ids = rows.map(({ id }) => id);
    await deleteFiles(transaction, ids);
    return ids.length;
  });
