import { type Generated, type Kysely, sql } from 'kysely';
import { capabilitiesOf, trySavepoint } from './capabilities.ts';
import type { Database, Tables } from './schema.ts';

/* Rows read and written as they are, for import and export. */
export const listedTables = ['assistants', 'threads', 'messages', 'runs', 'steps'] as const;

export type ListedTable = (typeof listedTables)[number];

type RowOf<Table extends ListedTable> = Omit<Tables[Table], 'seq'>;

/** A row and the table it belongs to. */
export type TableRow = {
  readonly [Table in ListedTable]: { readonly table: Table; readonly row: RowOf<Table> };
}[ListedTable];

/** The columns that the five tables share, and those that name a row's parents. */
interface AnyTable {
  seq: Generated<number>;
  id: string;
  created_at: number;
  thread_id: string | undefined;
  run_id: string | null | undefined;
}

const anyTable = (db: Database): Kysely<Record<ListedTable, AnyTable>> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Kysely cannot type a table that is chosen at run time; `TableRow` pairs tables and rows
  db as unknown as Kysely<Record<ListedTable, AnyTable>>;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
const anyRow = ({ row }: TableRow) => row as unknown as Omit<AnyTable, 'seq'>;

/** Inserts a row; false if its id exists. */
export async function insertRow(db: Database, tableRow: TableRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await anyTable(db)
    .insertInto(tableRow.table)
    .values(anyRow(tableRow))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** Overwrites the row that has the same id; its children stay. */
export async function replaceRow(db: Database, tableRow: TableRow): Promise<void> {
  await anyTable(db)
    .updateTable(tableRow.table)
    .set(anyRow(tableRow))
    .where('id', '=', tableRow.row.id)
    .execute();
}

/** An existing row's order of insertion and parents, where its table has them. */
export interface ExistingRow {
  readonly seq: number;
  readonly thread_id?: string;
  readonly run_id?: string | null;
}

export const findRow = (
  db: Database,
  table: ListedTable,
  id: string,
): Promise<ExistingRow | undefined> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- rows have just the columns their table has
  anyTable(db).selectFrom(table).selectAll().where('id', '=', id).executeTakeFirst() as Promise<
    ExistingRow | undefined
  >;

/** Order of insertion and thread of the rows that have one of these ids, by id. */
export async function findRows(
  db: Database,
  table: ListedTable,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ExistingRow>> {
  if (ids.length === 0) return new Map();
  const hasThread = table !== 'assistants' && table !== 'threads';
  const rows = await anyTable(db)
    .selectFrom(table)
    .select(hasThread ? ['id', 'seq', 'thread_id'] : ['id', 'seq'])
    .where('id', 'in', ids)
    .execute();
  return new Map(
    rows.map(({ id, seq, thread_id }) => [
      id,
      thread_id === undefined ? { seq } : { seq, thread_id },
    ]),
  );
}

/** Those of these runs that have steps. */
export async function findRunsWithSteps(
  db: Database,
  runIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (runIds.length === 0) return new Set();
  const query = db.selectFrom('steps').select('run_id').distinct().where('run_id', 'in', runIds);
  return new Set((await query.execute()).map(({ run_id }) => run_id));
}

/** The highest `seq` of a table, 0 if it is empty; rows inserted later have a higher one. */
export async function maxSeq(db: Database, table: ListedTable): Promise<number> {
  const row = await anyTable(db)
    .selectFrom(table)
    .select((select) => select.fn.max('seq').as('seq'))
    .executeTakeFirst();
  return row?.seq ?? 0;
}

/** Checks foreign keys when the transaction commits, so that children may come before parents. */
export async function deferReferences(db: Database): Promise<void> {
  if (capabilitiesOf(db) === null) {
    await sql`pragma defer_foreign_keys = on`.execute(db);
    return;
  }
  await trySavepoint(db, () => sql`set constraints all deferred`.execute(db));
  // An import may read its file slowly.
  await trySavepoint(db, () => sql`set local idle_in_transaction_session_timeout = 0`.execute(db));
}

/** Runs `read` on one snapshot of the database, without blocking writers. */
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

/** The number of rows in all five tables. */
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
