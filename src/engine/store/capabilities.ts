import { type IsolationLevel, type Kysely, PostgresAdapter, sql } from 'kysely';

/** What a database can do beyond what all of them can. */
export interface Capabilities {
  /**
   * What transactions ask for. Where the rows they lock are enough it is `read committed`; a server
   * that only resembles PostgreSQL is asked for all it has.
   */
  readonly isolation: IsolationLevel;
  /** Whether others' locks can be passed over. */
  readonly skipLocked: boolean;
  /** Whether a transaction can be told not to wait for the disk. */
  readonly asyncCommit: boolean;
  /** Words between the processes that share the database; null where they cannot be passed. */
  readonly notifications: Notifications | null;
}

/** Tells whoever has the database or a transaction what it can do. */
export class CapabilityAdapter extends PostgresAdapter {
  features: Capabilities = {
    isolation: 'serializable',
    skipLocked: false,
    asyncCommit: false,
    notifications: null,
  };

  /** Migrations are made in one transaction, which has taken a lock before. */
  override async acquireMigrationLock(): Promise<void> {}

  override async releaseMigrationLock(): Promise<void> {}
}

/** The store or a transaction in it, whatever its tables. */
export type AnyDatabase = Pick<Kysely<unknown>, 'getExecutor' | 'isTransaction'>;

/** The features of a PostgreSQL; null for SQLite, where one transaction writes at a time. */
export function capabilitiesOf(db: AnyDatabase): Capabilities | null {
  const { adapter } = db.getExecutor();
  return adapter instanceof CapabilityAdapter ? adapter.features : null;
}

/**
 * Whether what is looked up has to be locked: in a transaction, what is read decides what is
 * written. SQLite has locked everything when the transaction began.
 */
export const needsRowLock = (db: AnyDatabase): boolean =>
  db.isTransaction && capabilitiesOf(db) !== null;

/** The same, where rows that others have locked are their business. */
export const skipsLocked = (db: AnyDatabase): boolean =>
  db.isTransaction && capabilitiesOf(db)?.skipLocked === true;
/** Does what not every PostgreSQL can do; says whether it could, and spoils no transaction. */
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

/**
 * What one process tells the others that share its database: that a run waits for somebody to
 * execute it, or that the named one is to be stopped by whoever executes it.
 */
export type Notification = 'queued' | `cancelled ${string}`;
/** Words between the processes that share a database. They may get lost: the database counts. */
export interface Notifications {
  /** The channel that signals are sent on. */
  readonly channel: string;
  /** Whether others are heard at present; if not, one has to look for oneself. */
  readonly isConnected: boolean;
  /** Calls `hear` for every signal, this process's own included, and after times of deafness. */
  listen(hear: (signal: string) => void): void;
  /** Stops listening. */
  close(): Promise<void>;
}
