import { type RawBuilder, sql } from 'kysely';
import { capabilitiesOf } from './capabilities.ts';
import { positionBits } from './chunk-ids.ts';
import type { TermIndex } from '../terms/term-keys.ts';
import type { Database } from './schema.ts';

/** A chunk as the index has it. */
export interface IndexedChunk extends TermIndex {
  readonly id: number;
}

/** A key of 50 bits as a word of the FTS5 table: five characters, none of which separates words. */
function toWord(key: number): string {
  const high = Math.floor(key / 2 ** 25);
  const low = key % 2 ** 25;
  const [shift, mask, first] = [10, 1023, 0x100];
  return String.fromCharCode(
    first + (high >> 15),
    first + ((high >> 5) & mask),
    first + (((high & 31) << 5) | (low >> 20)),
    first + ((low >> shift) & mask),
    first + (low & mask),
  );
}

/** Keys as a parameter of PostgreSQL. */
const toArray = (keys: readonly number[]): RawBuilder<unknown> =>
  sql`${`{${keys.join(',')}}`}::bigint[]`;

/** Whether a value is one of these numbers, of which there may be many. */
export const isOneOf = (
  db: Database,
  value: RawBuilder<unknown>,
  numbers: readonly number[],
): RawBuilder<boolean> =>
  capabilitiesOf(db) === null
    ? sql`${value} in (select value from json_each(${JSON.stringify(numbers)}))`
    : sql`${value} = any(${toArray(numbers)})`;

/** Adds chunks to the full-text index. */
export async function insertIntoIndex(
  db: Database,
  chunks: readonly IndexedChunk[],
): Promise<void> {
  if (capabilitiesOf(db) === null) {
    for (const { id, keys } of chunks) {
      const words = keys.map(toWord).join(' ');
      await sql`insert into chunk_index (rowid, keys) values (${id}, ${words})`.execute(db);
    }
    return;
  }
  const rows = chunks.map(({ id, keys }) => sql`(${id}::bigint, ${toArray(keys)})`);
  await sql`insert into chunk_index (id, keys) values ${sql.join(rows)}`.execute(db);
}

/** Removes chunks from the full-text index. */
export async function deleteFromIndex(db: Database, ids: readonly number[]): Promise<void> {
  if (capabilitiesOf(db) === null) {
    for (const id of ids) await sql`delete from chunk_index where rowid = ${id}`.execute(db);
    return;
  }
  await sql`delete from chunk_index where id in (${sql.join(ids)})`.execute(db);
}

/** Chunks that have at least one key of each group. */
export type KeyGroups = readonly (readonly number[])[];

/** Which chunks may be found. */
export interface IndexScope {
  /** At most this many; PostgreSQL takes any. */
  readonly limit: number;
  /** Only those of these files, by their `seq`; null: of all. */
  readonly file_seqs: readonly number[] | null;
}

const toExpression = (groups: KeyGroups): string =>
  groups.map((keys) => `(${keys.map((key) => `"${toWord(key)}"`).join(' OR ')})`).join(' AND ');

const toCondition = (groups: KeyGroups) =>
  sql.join(
    groups.map((keys) => sql`keys && ${toArray(keys)}`),
    sql` and `,
  );

/** The ids of matching chunks, joined by commas: reading many rows would take longer. */
function idsQuery(db: Database, groups: KeyGroups, { limit, file_seqs }: IndexScope) {
  const isSqlite = capabilitiesOf(db) === null;
  const file_seq = sql`${sql.ref(isSqlite ? 'rowid' : 'id')} >> ${sql.lit(positionBits)}`;
  const inFiles = file_seqs === null ? sql`` : sql` and ${isOneOf(db, file_seq, file_seqs)}`;
  if (isSqlite) {
    return sql`select group_concat(rowid) from (select rowid from chunk_index
      where chunk_index match ${toExpression(groups)}${inFiles} limit ${limit})`;
  }
  return sql`select string_agg(id::text, ',') from (select id from chunk_index
    where ${toCondition(groups)}${inFiles} limit ${limit}) as found`;
}

/** Queries sent at once. */
const maxQueries = 64;

/**
 * Makes PostgreSQL use the index. To its planner, reading the small table looks cheaper, because it
 * does not count the arrays, which are stored elsewhere.
 */
export const withIndex = <T>(db: Database, work: (db: Database) => Promise<T>): Promise<T> =>
  capabilitiesOf(db) === null || db.isTransaction
    ? work(db)
    : db.transaction().execute(async (transaction) => {
        await sql`select set_config(name, 'off', true) from pg_settings
          where name in ('enable_seqscan', 'jit')`.execute(transaction);
        return work(transaction);
      });

/** For each query, the ids of the chunks that match it. */
export async function findChunks(
  db: Database,
  queries: readonly KeyGroups[],
  scope: IndexScope,
): Promise<number[][]> {
  const found: number[][] = [];
  for (let start = 0; start < queries.length; start += maxQueries) {
    const columns = queries
      .slice(start, start + maxQueries)
      .map((groups, index) => sql`(${idsQuery(db, groups, scope)}) as ${sql.id(`q${index}`)}`);
    const { rows } = await sql<Record<string, string | null>>`select ${sql.join(columns)}`.execute(
      db,
    );
    for (const index of columns.keys()) {
      const ids = rows[0]?.[`q${index}`] ?? '';
      found.push(ids === '' ? [] : ids.split(',').map(Number));
    }
  }
  return found;
}

/** For each group of keys, the number of chunks that have at least one of them. */
export async function countChunks(db: Database, queries: KeyGroups): Promise<number[]> {
  if (queries.length === 0) return [];
  const isSqlite = capabilitiesOf(db) === null;
  const counts = queries.map((keys, index) =>
    isSqlite
      ? sql`select ${sql.lit(index)} as query, count(*) as count from chunk_index
          where chunk_index match ${toExpression([keys])}`
      : sql`select ${sql.lit(index)} as query, count(*) as count from chunk_index
          where ${toCondition([keys])}`,
  );
  const { rows } = await sql<{
    query: number;
    count: number;
  }>`${sql.join(counts, sql` union all `)}`.execute(db);
  const result: number[] = queries.map(() => 0);
  for (const { query, count } of rows) result[query] = count;
  return result;
}
