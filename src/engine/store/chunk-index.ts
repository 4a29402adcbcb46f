import { type RawBuilder, sql } from 'kysely';
import { capabilitiesOf } from './capabilities.ts';
import type { Database } from './schema.ts';

/** A chunk as the index has it. */
export interface IndexedChunk {
  readonly id: number;
  readonly keys: readonly number[];
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
