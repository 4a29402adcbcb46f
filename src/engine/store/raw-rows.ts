import type { Generated, Kysely } from 'kysely';
import { sql } from 'kysely';
import { trySavepoint } from './capabilities.ts';
import { capabilitiesOf } from './capabilities.ts';
import type { Database, Tables } from './schema.ts';

/* Rows written as they are, with ids and times from elsewhere: what import and export need. */
export const listedTables = ['assistants', 'threads', 'messages', 'runs', 'steps'] as const;

export type ListedTable = (typeof listedTables)[number];

type RowOf<Table extends ListedTable> = Omit<Tables[Table], 'seq'>;

/** A row and the table it belongs to. */
export type TableRow = {
  readonly [Table in ListedTable]: { readonly table: Table; readonly row: RowOf<Table> };
}[ListedTable];

/** What the five tables have in common, and the columns that say whose a row is. */
interface AnyTable {
  seq: Generated<number>;
  id: string;
  created_at: number;
  thread_id: string | undefined;
  run_id: string | null | undefined;
}

const anyTable = (db: Database): Kysely<Record<ListedTable, AnyTable>> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Kysely cannot type a table that is chosen at run time; `Copy` pairs tables and rows
  db as unknown as Kysely<Record<ListedTable, AnyTable>>;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
const anyRow = ({ row }: TableRow) => row as unknown as Omit<AnyTable, 'seq'>;

/** Adds a row behind all others; false when its id is taken. */
export async function insertRow(db: Database, copy: TableRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await anyTable(db)
    .insertInto(copy.table)
    .values(anyRow(copy))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** Puts a row in the place of the one with its id; what belongs to that one stays. */
export async function replaceRow(db: Database, copy: TableRow): Promise<void> {
  await anyTable(db)
    .updateTable(copy.table)
    .set(anyRow(copy))
    .where('id', '=', copy.row.id)
    .execute();
}

/** Whose row this is already: its thread and run, where its table has them. */
export interface Owner {
  readonly seq: number;
  readonly thread_id?: string;
  readonly run_id?: string | null;
}

export const findRow = (db: Database, table: ListedTable, id: string): Promise<Owner | undefined> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- rows have just the columns their table has
  anyTable(db).selectFrom(table).selectAll().where('id', '=', id).executeTakeFirst() as Promise<
    Owner | undefined
  >;

/** The place of a table's newest row, 0 when there is none: what is written later comes after. */
export async function maxSeq(db: Database, table: ListedTable): Promise<number> {
  const row = await anyTable(db)
    .selectFrom(table)
    .select((select) => select.fn.max('seq').as('seq'))
    .executeTakeFirst();
  return row?.seq ?? 0;
}

/** Lets rows refer, until the transaction ends, to others that are still to come. */
export async function deferReferences(db: Database): Promise<void> {
  if (capabilitiesOf(db) === null) {
    await sql`pragma defer_foreign_keys = on`.execute(db);
    return;
  }
  await trySavepoint(db, () => sql`set constraints all deferred`.execute(db));
  // The file may come slowly, and nobody else is to end the transaction meanwhile.
  await trySavepoint(db, () => sql`set local idle_in_transaction_session_timeout = 0`.execute(db));
}

/**
 * Shows `read` one moment of the database, however long it takes, and holds up nobody who writes.
 */
export const readSnapshot = <T>(db: Database, read: (db: Database) => Promise<T>): Promise<T> =>
  db.connection().execute(async (connection) => {
    const isSqlite = capabilitiesOf(db) === null;
    await (isSqlite ? sql`begin` : sql`begin isolation level repeatable read`).execute(connection);
    try {
      return await read(connection);
    } finally {
      await sql`commit`.execute(connection);
    }
  });

/** How many rows there are in all five tables. */
export async function countRows(db: Database): Promise<number> {
  let sum = 0;
  for (const table of listedTables) {
    const { count } = await anyTable(db)
      .selectFrom(table)
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    sum += count;
  }
  return sum;
}
