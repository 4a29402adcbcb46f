import { type IsolationLevel, type Kysely, PostgresAdapter, sql } from 'kysely';
import type { Notifications } from './notifications.ts';

/** Optional features of a PostgreSQL server. */
export interface Capabilities {
  /** `read committed` where row locks suffice; `serializable` on servers that only resemble PostgreSQL. */
  readonly isolation: IsolationLevel;
  /** Whether queries can skip locked rows. */
  readonly skipLocked: boolean;
  /** Whether a transaction can commit without waiting for the disk. */
  readonly asyncCommit: boolean;
  /** Null where the server has no LISTEN and NOTIFY. */
  readonly notifications: Notifications | null;
}

/** Carries the server's capabilities to every connection and transaction. */
export class CapabilityAdapter extends PostgresAdapter {
  capabilities: Capabilities = {
    isolation: 'serializable',
    skipLocked: false,
    asyncCommit: false,
    notifications: null,
  };

  /** `migrate` runs all migrations in one transaction that already holds an advisory lock. */
  override async acquireMigrationLock(): Promise<void> {}

  override async releaseMigrationLock(): Promise<void> {}
}

/** The database or a transaction, whatever its tables. */
export type AnyDatabase = Pick<Kysely<unknown>, 'getExecutor' | 'isTransaction'>;

/** The capabilities of a PostgreSQL server; null for SQLite, which has one writer at a time. */
export function capabilitiesOf(db: AnyDatabase): Capabilities | null {
  const { adapter } = db.getExecutor();
  return adapter instanceof CapabilityAdapter ? adapter.capabilities : null;
}

/**
 * Whether a query must lock the rows it reads, because the transaction's writes depend on them.
 * SQLite locks the whole database when a transaction begins.
 */
export const needsRowLock = (db: AnyDatabase): boolean =>
  db.isTransaction && capabilitiesOf(db) !== null;

/** Whether such a query can skip rows that other transactions have locked. */
export const skipsLocked = (db: AnyDatabase): boolean =>
  db.isTransaction && capabilitiesOf(db)?.skipLocked === true;

/** Tries an optional statement without spoiling the transaction; answers whether it succeeded. */
export async function trySavepoint(
  db: AnyDatabase,
  work: () => Promise<unknown>,
): Promise<boolean> {
  if (!db.isTransaction) {
    return work().then(
      () => true,
      () => false,
    );
  }
  await sql`savepoint attempt`.execute(db);
  try {
    await work();
    await sql`release savepoint attempt`.execute(db);
    return true;
  } catch {
    await sql`rollback to savepoint attempt`.execute(db);
    return false;
  }
}
