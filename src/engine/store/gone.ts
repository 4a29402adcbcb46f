import type { Cursor } from './keyset-page.ts';
import type { Database } from './schema.ts';

/* Who deletes all that a page shows asks for the page behind something that is gone. */

/** How many places are kept: more than are deleted between one page and the next. */
const kept = 10_000;

/** Keeps the place in its list of a row that has been deleted; `list` is its thread or its table. */
export async function saveDeletedCursor(
  db: Database,
  list: string,
  { id, created_at, seq }: Cursor & { readonly id: string },
): Promise<void> {
  const { number } = await db
    .insertInto('gone')
    .values({ id, list, created_at, seq })
    .returning('number')
    .executeTakeFirstOrThrow();
  await db
    .deleteFrom('gone')
    .where('number', '<=', number - kept)
    .execute();
}

/** Where a deleted row of the list was; undefined when there was none, or it is long gone. */
export const findDeletedCursor = (db: Database, list: string, id: string): Promise<Cursor | undefined> =>
  db
    .selectFrom('gone')
    .select(['created_at', 'seq'])
    .where('id', '=', id)
    .where('list', '=', list)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
