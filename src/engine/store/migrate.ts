import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { trySavepoint } from './capabilities.ts';
import { DatabaseError } from './errors.ts';
import { capabilitiesOf } from './capabilities.ts';
import { migrations } from './migrations.ts';
import type { Database } from './schema.ts';
import { errorReason } from '../../shared/errors.ts';
import { transact } from './transaction.ts';

export const migrationTable = 'assistants_mcp_migrations';
const lockTable = 'assistants_mcp_migration_lock';

/** Says that a database is of a newer version when it has a migration that is not known here. */
export function checkMigrations(names: readonly string[], location: string): void {
  const unknown = names.find((name) => !Object.hasOwn(migrations, name));
  if (unknown === undefined) return;
  throw new DatabaseError(
    `The database ${location} was written by a newer version of assistants-mcp (migration ${unknown}); update assistants-mcp or use another database.`,
  );
}

/** Any number that no other program takes. */
const advisoryLock = 7_265_301_884_017;

/** Makes the processes that open a database at once do so one after the other. */
async function lockOthersOut(db: Database): Promise<void> {
  await trySavepoint(db, () => sql`set local statement_timeout = 0`.execute(db));
  await trySavepoint(db, () => sql`select pg_advisory_xact_lock(${advisoryLock})`.execute(db));
}

/** The migrations a database has had; none when it has never been used. */
async function migrationsOf(db: Database, schema: string | undefined): Promise<string[]> {
  const table = schema === undefined ? [migrationTable] : [schema, migrationTable];
  const query = sql<{ name: string }>`select name from ${sql.id(...table)}`;
  const rows = await query.execute(db).then(
    (result) => result.rows,
    () => [],
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

/**
 * Brings a database up to date, in one transaction; `schema` is where PostgreSQL has its tables.
 * Throws a {@link DatabaseError} that names the database as `location`.
 */
export async function migrate(db: Database, location: string, schema?: string): Promise<void> {
  const isComplete = async () => {
    const names = await migrationsOf(db, schema);
    checkMigrations(names, location);
    return names.length === Object.keys(migrations).length;
  };
  if (await isComplete()) return;
  try {
    await transact(db, async (transaction) => {
      if (capabilitiesOf(db) !== null) await lockOthersOut(transaction);
      await runMigrations(transaction, schema);
    });
  } catch (error) {
    // Where there is no lock to wait for, another process may have been faster.
    if (await isComplete()) return;
    throw new DatabaseError(`Cannot prepare the database ${location}: ${errorReason(error)}.`);
  }
}
