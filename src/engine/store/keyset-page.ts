import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import { yieldToOthers } from '../../shared/clock.ts';
import type { Database, Tables } from './schema.ts';

/** A row's position in its list, which is ordered by these two. */
export interface Cursor {
  readonly created_at: number;
  readonly seq: number;
}

/** The parameters of a list request (contract §3.1), its cursors already resolved. */
export interface PageQuery {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  readonly after?: Cursor;
  readonly before?: Cursor;
}

export interface Page<Row> {
  readonly rows: Row[];
  /** Whether more rows follow in the direction that was read. */
  readonly has_more: boolean;
}

/**
 * The time for a new row of a list whose newest row has the time `newest`, an SQL expression: never
 * before it, so that a clock that was set back does not sort an answer before its question.
 */
export const notBefore = (newest: RawBuilder<unknown>, created_at: number) =>
  sql<number>`case when ${newest} > ${created_at} then ${newest} else ${created_at} end`;

const key = sql`(created_at, seq)`;

const afterCursor = (cursor: Cursor, operator: '>' | '<') =>
  sql<boolean>`${key} ${sql.raw(operator)} (${cursor.created_at}, ${cursor.seq})`;

/** Rows are read in batches: each row may be large, and SQLite keeps the process waiting. */
const maxBatchRows = 21;

/**
 * Reads one page by keyset, in the list's order. With `before` alone the page holds the rows closest
 * to that cursor. The cost does not depend on the length of the list.
 */
export async function selectPage<Table extends keyof Tables, Row extends Cursor>(
  query: SelectQueryBuilder<Tables, Table, Row>,
  { limit, order, after, before }: PageQuery,
): Promise<Page<Row>> {
  const ascending = order === 'asc';
  const backwards = before !== undefined && after === undefined;
  let filtered = query;
  if (after !== undefined) filtered = filtered.where(afterCursor(after, ascending ? '>' : '<'));
  if (before !== undefined) filtered = filtered.where(afterCursor(before, ascending ? '<' : '>'));
  const direction = ascending === backwards ? 'desc' : 'asc';
  const ordered = filtered.orderBy(sql`created_at`, direction).orderBy(sql`seq`, direction);
  const fetched: Row[] = [];
  for (let missing = limit + 1; missing > 0; missing -= maxBatchRows) {
    const last = fetched.at(-1);
    const next = direction === 'asc' ? '>' : '<';
    const rest = last === undefined ? ordered : ordered.where(afterCursor(last, next));
    const rows = await rest.limit(Math.min(missing, maxBatchRows)).execute();
    fetched.push(...rows);
    if (rows.length < maxBatchRows || missing <= maxBatchRows) break;
    await yieldToOthers();
  }
  const rows = fetched.slice(0, limit);
  return { rows: backwards ? rows.toReversed() : rows, has_more: fetched.length > limit };
}

/** When rows were created: Unix seconds, from one to before the other. */
export interface Period {
  readonly created_after?: number | undefined;
  readonly created_before?: number | undefined;
}

/** The query's rows of a period. */
export function withinPeriod<Table extends keyof Tables, Row>(
  query: SelectQueryBuilder<Tables, Table, Row>,
  { created_after, created_before }: Period,
): SelectQueryBuilder<Tables, Table, Row> {
  let within = query;
  const time = sql<number>`created_at`;
  if (created_after !== undefined) within = within.where(time, '>=', created_after);
  if (created_before !== undefined) within = within.where(time, '<', created_before);
  return within;
}

/** Rows that are tested at once. */
const sliceRows = 100;

/**
 * Reads one page of the rows that `select` keeps. It takes slices of the list until the page is full,
 * so that rows that match rarely keep no other request waiting.
 */
export async function selectMatching<Row extends Cursor>(
  readPage: (page: PageQuery) => Promise<Page<Row>>,
  page: PageQuery,
  select: (rows: readonly Row[]) => Promise<readonly Row[]>,
): Promise<Page<Row>> {
  const { limit, before, after } = page;
  const backwards = before !== undefined && after === undefined;
  let found: Row[] = [];
  let position: Pick<PageQuery, 'after' | 'before'> = {};
  for (;;) {
    const { rows, has_more } = await readPage({ ...page, ...position, limit: sliceRows });
    const selected = await select(rows);
    found = backwards ? [...selected, ...found] : [...found, ...selected];
    const edge = backwards ? rows[0] : rows.at(-1);
    if (found.length > limit || !has_more || edge === undefined) break;
    position = backwards ? { before: edge } : { after: edge };
    await yieldToOthers();
  }
  const rows = backwards ? found.slice(-limit) : found.slice(0, limit);
  return { rows, has_more: found.length > limit };
}

/** More than a client deletes between one page and the next. */
const maxDeletedCursors = 10_000;

/**
 * Stores the cursor of a deleted row, so that a client that deletes everything on a page can still
 * request the next one. `list` is the row's thread id or table.
 */
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
    .where('number', '<=', number - maxDeletedCursors)
    .execute();
}

/** The cursor of a row deleted from the list; undefined if there is none or it was dropped. */
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

/** Rows in memory at once while iterating. */
const iterationPageSize = 100;

/** All rows of a list, oldest first, read page by page. */
export async function* iterateAll<Row extends Cursor>(
  readPage: (page: PageQuery) => Promise<Page<Row>>,
): AsyncGenerator<Row> {
  let after: Cursor | undefined;
  do {
    const { rows, has_more } = await readPage({
      limit: iterationPageSize,
      order: 'asc',
      ...(after === undefined ? {} : { after }),
    });
    yield* rows;
    after = has_more ? rows.at(-1) : undefined;
  } while (after !== undefined);
}
