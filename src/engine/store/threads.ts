import type OpenAI from 'openai';
import { needsRowLock } from './capabilities.ts';
import {
  type Cursor,
  findDeletedCursor,
  type Page,
  type PageQuery,
  type Period,
  saveDeletedCursor,
  selectPage,
  withinPeriod,
} from './keyset-page.ts';
import { type Database, decode, type ThreadRow, type ToolResources } from './schema.ts';

export interface ThreadBody {
  metadata: Record<string, string>;
  tool_resources: ToolResources;
}

export const threadBody = (row: ThreadRow): ThreadBody => decode(row.body);

/** The object of contract §4.2. */
export const toThread = (row: ThreadRow): OpenAI.Beta.Thread => ({
  id: row.id,
  object: 'thread',
  created_at: row.created_at,
  ...threadBody(row),
});

export const insertThread = (
  db: Database,
  id: string,
  created_at: number,
  body: ThreadBody,
): Promise<ThreadRow> =>
  db
    .insertInto('threads')
    .values({ id, created_at, body: JSON.stringify(body) })
    .returningAll()
    .executeTakeFirstOrThrow();

export const findThread = (db: Database, id: string): Promise<ThreadRow | undefined> =>
  db
    .selectFrom('threads')
    .selectAll()
    .where('id', '=', id)
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .executeTakeFirst();

export const listThreads = (
  db: Database,
  page: PageQuery,
  period: Period = {},
): Promise<Page<ThreadRow>> =>
  selectPage(withinPeriod(db.selectFrom('threads').selectAll(), period), page);

export const updateThread = (db: Database, id: string, body: ThreadBody): Promise<ThreadRow> =>
  db
    .updateTable('threads')
    .set({ body: JSON.stringify(body) })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();

/** The list cursor of a thread, which may have been deleted. */
export const threadCursor = async (db: Database, id: string): Promise<Cursor | undefined> =>
  (await findThread(db, id)) ?? findDeletedCursor(db, 'threads', id);

/** Deletes the thread with its messages, runs and steps. */
export async function deleteThread(db: Database, id: string): Promise<void> {
  const row = await db.deleteFrom('threads').where('id', '=', id).returningAll().executeTakeFirst();
  if (row !== undefined) await saveDeletedCursor(db, 'threads', row);
}
