import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { errorReason } from '../../shared/errors.ts';
import { capabilitiesOf, trySavepoint } from './capabilities.ts';
import { DatabaseError, errorCode } from './errors.ts';
import { migrations } from './migrations.ts';
import type { Database } from './schema.ts';
import { checkMigrations, migrationTable } from './sqlite/check.ts';
import { transact } from './transaction.ts';

const lockTable = 'assistants_mcp_migration_lock';

/** An arbitrary number that no other program uses. */
const advisoryLockId = 7_265_301_884_017;

/** Makes processes that migrate the database at the same time wait for each other. */
async function takeMigrationLock(db: Database): Promise<void> {
  await trySavepoint(db, () => sql`set local statement_timeout = 0`.execute(db));
  await trySavepoint(db, () => sql`select pg_advisory_xact_lock(${advisoryLockId})`.execute(db));
}

/** SQLSTATE of a table that does not exist; SQLite has only a message. */
const isMissingTable = (error: unknown): boolean =>
  errorCode(error) === '42P01' || errorReason(error).startsWith('no such table');

/** The names of the migrations that were applied; none in a new database. */
async function appliedMigrations(db: Database, schema: string | undefined): Promise<string[]> {
  const table = schema === undefined ? [migrationTable] : [schema, migrationTable];
  const query = sql<{ name: string }>`select name from ${sql.id(...table)}`;
  const rows = await query.execute(db).then(
    (result) => result.rows,
    (error: unknown) => {
      if (isMissingTable(error)) return [];
      throw error;
    },
  );
  return rows.map(({ name }) => name);
}

async function runMigrations(db: Database, schema: string | undefined): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
    migrationTableName: migrationTable,
    migrationLockTableName: lockTable,
    ...(schema === undefined ? {} : { migrationTableSchema: schema }),
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

/** Whether no migration is pending. Throws a {@link DatabaseError} for a newer database. */
export async function isMigrated(
  db: Database,
  location: string,
  schema?: string,
): Promise<boolean> {
  const names = await appliedMigrations(db, schema);
  checkMigrations(names, location);
  return names.length === Object.keys(migrations).length;
}

/**
 * Runs all pending migrations in one transaction; `schema` is PostgreSQL's. Throws a
 * {@link DatabaseError} that names the database as `location`.
 */
export async function migrate(db: Database, location: string, schema?: string): Promise<void> {
  if (await isMigrated(db, location, schema)) return;
  try {
    await transact(db, async (transaction) => {
      if (capabilitiesOf(db) !== null) await takeMigrationLock(transaction);
      await runMigrations(transaction, schema);
    });
  } catch (error) {
    // On a server without advisory locks, another process may have migrated first.
    if (await isMigrated(db, location, schema).catch(() => false)) return;
    throw new DatabaseError(`Cannot migrate the database ${location}: ${errorReason(error)}.`);
  }
}
