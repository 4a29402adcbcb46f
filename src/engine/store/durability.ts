/*
 * SQLite runs with `synchronous = normal`, and one fsync of the write-ahead log serves all waiting
 * transactions. Measured against `synchronous = full` (bench/commit.ts): one writer is between half
 * as fast (idle disk) and seven times as fast (busy disk), sixteen writers are 5 to 10 times as fast.
 */
import { close, fdatasync, open } from 'node:fs';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Compilable, type CompiledQuery, sql, SqliteAdapter } from 'kysely';
import type { AnyDatabase } from './capabilities.ts';
import type { Database } from './schema.ts';

/** A plain promise, which is cheaper to create than one from `promisify`. */
const flush = (descriptor: number): Promise<void> =>
  new Promise((resolve, reject) => {
    fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)));
  });

/** The write-ahead log of an SQLite file, flushed for all waiting transactions together. */
export class WriteAheadLog {
  /** Null for a database that needs no flush. */
  readonly path: string | null;
  /** A bare descriptor: Node's file handles take longer than the disk does. */
  #descriptor: Promise<number> | null = null;
  #flushing: Promise<void> = Promise.resolve();
  #nextFlush: Promise<void> | null = null;

  constructor(path: string | null) {
    this.path = path;
  }

  /** Resolves when everything committed so far is on the disk; rejects with Node's error. */
  sync(): Promise<void> {
    const { path } = this;
    if (path === null) return Promise.resolve();
    this.#nextFlush ??= this.#flushing
      // Those who waited for that flush have its error.
      .catch(() => {})
      .then(() => {
        this.#nextFlush = null;
        this.#flushing = this.#flush(path);
        return this.#flushing;
      });
    return this.#nextFlush;
  }

  async close(): Promise<void> {
    await this.#flushing.catch(() => {});
    const descriptor = await this.#descriptor?.catch(() => null);
    this.#descriptor = null;
    if (descriptor !== null && descriptor !== undefined) await promisify(close)(descriptor);
  }

  async #flush(path: string): Promise<void> {
    this.#descriptor ??= promisify(open)(path, 'r+');
    const descriptor = await this.#descriptor.catch((error: unknown) => {
      this.#descriptor = null;
      throw error;
    });
    await flush(descriptor);
  }
}

/** The file of an open database, however it is named. */
export interface DatabaseFile {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
}

/** Carries the database's file and write-ahead log to every transaction. */
export class SqliteFileAdapter extends SqliteAdapter {
  /** Null for a database in memory. */
  file: DatabaseFile | null = null;
  log = new WriteAheadLog(null);
  /**
   * Reads at once, even while a transaction of this process has the connection, whose uncommitted
   * rows it then sees.
   */
  readonly readNow: (query: CompiledQuery) => unknown[];

  constructor(readNow: (query: CompiledQuery) => unknown[]) {
    super();
    this.readNow = readNow;
  }

  /** Lets the migrator run all pending migrations in one transaction, so that processes can race. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Reads at once where the database is SQLite: see {@link SqliteFileAdapter.readNow}. */
export async function readWithoutWaiting<Row>(
  db: Database,
  query: Compilable<Row> & { execute(): Promise<Row[]> },
): Promise<Row[]> {
  const { adapter } = db.getExecutor();
  if (!(adapter instanceof SqliteFileAdapter)) return query.execute();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rows of this query
  return adapter.readNow(query.compile()) as Row[];
}

/** The file that SQLite opened; null in memory. */
async function findFile(db: Database): Promise<DatabaseFile | null> {
  const files = sql<{ file: string }>`select file from pragma_database_list where name = 'main'`;
  const path = (await files.execute(db)).rows[0]?.file ?? '';
  if (path === '') return null;
  const { dev, ino } = await stat(path);
  return { path, dev, ino };
}

/** Turns on write-ahead logging. Where a database has none, SQLite itself waits for the disk. */
export async function enableWal(db: Database): Promise<void> {
  const { adapter } = db.getExecutor();
  if (!(adapter instanceof SqliteFileAdapter)) return;
  adapter.file = await findFile(db);
  const { rows } = await sql<{ journal_mode: string }>`pragma journal_mode = wal`.execute(db);
  if (rows[0]?.journal_mode !== 'wal' || adapter.file === null) return;
  adapter.log = new WriteAheadLog(`${adapter.file.path}-wal`);
  await sql`pragma synchronous = normal`.execute(db);
}

/** Resolves when everything committed survives a power loss. PostgreSQL waits within the commit. */
export async function syncToDisk(db: AnyDatabase): Promise<void> {
  const { adapter } = db.getExecutor();
  if (adapter instanceof SqliteFileAdapter) await adapter.log.sync();
}
