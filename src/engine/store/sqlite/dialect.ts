import type { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';
import { yieldIfOthersWait } from '../../../shared/clock.ts';
import { SqliteFileAdapter } from '../durability.ts';

/** SQLITE_BUSY: another connection is writing. */
const busyCode = 5;

/** Attempts of a statement while another connection writes: about ten seconds. */
const maxAttempts = 1000;

/** A constant pause: another connection's transaction ends within milliseconds. */
const busyPauseMs = (): number => 5 + Math.random() * 10;

/** The most recently used are cached: preparing a statement usually costs more than running it. */
const maxPreparedStatements = 200;

/** Kysely does not type its parameters; the queries here bind nothing else. */
const toParameters = (values: readonly unknown[]) =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above; node:sqlite throws on anything else
  values as readonly (string | number | bigint | null)[];

/** Adapts node:sqlite to the interface that Kysely's SQLite driver expects. */
function adapt(database: DatabaseSync): SqliteDatabase {
  const prepare = (sql: string): SqliteStatement => {
    const statement = database.prepare(sql);
    return {
      reader: statement.columns().length > 0,
      all: (values) => statement.all(...toParameters(values)),
      run: (values) => statement.run(...toParameters(values)),
      iterate: (values) => statement.iterate(...toParameters(values)),
    };
  };
  const prepared = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const statement = prepared.get(sql) ?? prepare(sql);
      prepared.delete(sql);
      prepared.set(sql, statement);
      const [oldest] = prepared.keys();
      if (prepared.size > maxPreparedStatements && oldest !== undefined) prepared.delete(oldest);
      return statement;
    },
  };
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === busyCode;

const writeQueries: ReadonlySet<string> = new Set([
  'InsertQueryNode',
  'UpdateQueryNode',
  'DeleteQueryNode',
] satisfies CompiledQuery['query']['kind'][]);

/**
 * Waits for other connections' transactions without blocking the event loop. SQLite's own busy
 * handler would block it, and with it a transaction of this process that holds the lock.
 */
class BusyRetryConnection implements DatabaseConnection {
  readonly #connection: DatabaseConnection;
  readonly #onCommit: () => Promise<void>;
  readonly #database: DatabaseSync;

  constructor(
    connection: DatabaseConnection,
    database: DatabaseSync,
    onCommit: () => Promise<void>,
  ) {
    this.#connection = connection;
    this.#database = database;
    this.#onCommit = onCommit;
  }

  /** A write outside a transaction commits by itself. */
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const result = await this.#retryWhileBusy<R>(query);
    if (writeQueries.has(query.query.kind) && !this.#database.isTransaction) await this.#onCommit();
    return result;
  }

  async #retryWhileBusy<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    await yieldIfOthersWait();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#connection.executeQuery<R>(query);
      } catch (error) {
        if (!isBusy(error) || attempt === maxAttempts) throw error;
        await setTimeout(busyPauseMs());
      }
    }
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#connection.streamQuery<R>(query, chunkSize);
  }
}

/**
 * Takes the write lock when a transaction begins. A deferred transaction that reads first fails at
 * its first write, without waiting, if another process wrote in between.
 */
class ImmediateDriver extends SqliteDriver {
  readonly #database: DatabaseSync;
  readonly #adapter: SqliteFileAdapter;

  constructor(config: SqliteDialectConfig, database: DatabaseSync, adapter: SqliteFileAdapter) {
    super(config);
    this.#database = database;
    this.#adapter = adapter;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    return new BusyRetryConnection(connection, this.#database, () => this.#adapter.log.sync());
  }

  override async destroy(): Promise<void> {
    await this.#adapter.log.close();
    this.#checkpoint();
    await super.destroy();
  }

  /** Makes the file complete. SQLite does so by itself only when no other process has it open. */
  #checkpoint(): void {
    if (this.#adapter.log.path === null) return;
    try {
      this.#database.exec('pragma wal_checkpoint(truncate)');
    } catch {
      // Nothing is lost: the log stays beside the file.
    }
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  /** SQLite rolls back by itself when the disk is full or fails. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.isTransaction) await super.rollbackTransaction(connection);
  }
}

export class SqliteFileDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;
  readonly #database: DatabaseSync;
  readonly #adapter: SqliteFileAdapter;

  constructor(database: DatabaseSync) {
    const config = { database: adapt(database) };
    super(config);
    this.#config = config;
    this.#database = database;
    this.#adapter = new SqliteFileAdapter(({ sql, parameters }) => [
      ...config.database.prepare(sql).all(parameters),
    ]);
  }

  override createDriver(): Driver {
    return new ImmediateDriver(this.#config, this.#database, this.#adapter);
  }

  override createAdapter(): SqliteFileAdapter {
    return this.#adapter;
  }
}
