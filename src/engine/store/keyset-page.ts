import { type SelectQueryBuilder, sql } from 'kysely';
import type { Database, Tables } from './schema.ts';

/** A row's place in the order of its list. */
export interface Cursor {
  readonly created_at: number;
  readonly seq: number;
}

/** Which rows of a list are wanted (contract §3.1), its cursors already looked up. */
export interface PageQuery {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  readonly after?: Cursor;
  readonly before?: Cursor;
}

export interface Page<Row> {
  readonly rows: Row[];
  /** Whether more rows lie beyond this page, in the direction it was read. */
  readonly has_more: boolean;
}

const key = sql`(created_at, seq)`;

const afterCursor = (position: Cursor, direction: '>' | '<') =>
  sql<boolean>`${key} ${sql.raw(direction)} (${position.created_at}, ${position.seq})`;

/**
 * Reads one page by keyset, in the list's order. With `before` alone the page is the rows closest
 * to that cursor; the cost does not grow with the length of the list.
 */
export async function selectPage<Table extends keyof Tables, Row extends Cursor>(
  query: SelectQueryBuilder<Tables, Table, Row>,
  { limit, order, after, before }: PageQuery,
): Promise<Page<Row>> {
  const ascending = order === 'asc';
  const backwards = before !== undefined && after === undefined;
  let wanted = query;
  if (after !== undefined) wanted = wanted.where(afterCursor(after, ascending ? '>' : '<'));
  if (before !== undefined) wanted = wanted.where(afterCursor(before, ascending ? '<' : '>'));
  const direction = ascending === backwards ? 'desc' : 'asc';
  const found = await wanted
    .orderBy(sql`created_at`, direction)
    .orderBy(sql`seq`, direction)
    .limit(limit + 1)
    .execute();
  const rows = found.slice(0, limit);
  return { rows: backwards ? rows.toReversed() : rows, has_more: found.length > limit };
}
/* Who deletes all that a page shows asks for the page behind something that is gone. */
/** How many places are kept: more than are deleted between one page and the next. */
const kept = 10000;

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
export const findDeletedCursor = (
  db: Database,
  list: string,
  id: string,
): Promise<Cursor | undefined> =>
  db
    .selectFrom('gone')
    .select(['created_at', 'seq'])
    .where('id', '=', id)
    .where('list', '=', list)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
/** Rows held in memory at once. */
const limit = 100;

/** All rows of a list, oldest first. */
export async function* iterateAll<Row extends Cursor>(
  read: (page: PageQuery) => Promise<Page<Row>>,
): AsyncGenerator<Row> {
  let after: Cursor | undefined;
  do {
    const { rows, has_more } = await read({
      limit,
      order: 'asc',
      ...(after === undefined ? {} : { after }),
    });
    yield* rows;
    after = has_more ? rows.at(-1) : undefined;
  } while (after !== undefined);
}
