import type { ColumnDefinitionBuilder, Kysely } from 'kysely';
import { capabilitiesOf } from './capabilities.ts';

/* What the migrations share. */

/** The column type that holds any safe integer. */
export const bigint = (db: Kysely<unknown>) => (capabilitiesOf(db) === null ? 'integer' : 'bigint');

/** The column type of binary content. */
export const bytesType = (db: Kysely<unknown>) => (capabilitiesOf(db) === null ? 'blob' : 'bytea');

/** Makes a column an auto-incrementing primary key. */
export const autoIncrement = (db: Kysely<unknown>) => (column: ColumnDefinitionBuilder) =>
  capabilitiesOf(db) === null
    ? column.primaryKey().autoIncrement()
    : column.primaryKey().generatedByDefaultAsIdentity();

/** A table whose rows the API lists (contract §3.1). */
export const createListTable = (db: Kysely<unknown>, table: string) =>
  db.schema
    .createTable(table)
    .addColumn('seq', bigint(db), autoIncrement(db))
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('created_at', bigint(db), (column) => column.notNull());
