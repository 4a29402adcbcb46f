import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
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
import { SqliteFileAdapter } from '../durability.ts';

/** SQLite's code for "another connection is writing". */
const busy = 5;

/** Milliseconds that looking into a file may wait for another process that prepares it. */
const openTimeout = 10_000;

/** How often a statement is tried again while another connection writes, about 10 ms apart. */
const maxAttempts = 1000;

/** Statements kept ready, of those used last; preparing one costs more than most take to run. */
const mostPrepared = 200;

/** Kysely does not type its parameters; the queries here bind nothing else. */
const parameters = (values: readonly unknown[]) =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above; node:sqlite throws on anything else
  values as readonly (string | number | bigint | null)[];

/** Shows node:sqlite to Kysely as the interface its SQLite driver was written against. */
function adapt(database: DatabaseSync): SqliteDatabase {
  const prepare = (sql: string): SqliteStatement => {
    const statement = database.prepare(sql);
    return {
      reader: statement.columns().length > 0,
      all: (values) => statement.all(...parameters(values)),
      run: (values) => statement.run(...parameters(values)),
      iterate: (values) => statement.iterate(...parameters(values)),
    };
  };
  const prepared = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const known = prepared.get(sql) ?? prepare(sql);
      prepared.delete(sql);
      prepared.set(sql, known);
      const [oldest] = prepared.keys();
      if (prepared.size > mostPrepared && oldest !== undefined) prepared.delete(oldest);
      return known;
    },
  };
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === busy;

const writeQueries: ReadonlySet<string> = new Set([
  'InsertQueryNode',
  'UpdateQueryNode',
  'DeleteQueryNode',
] satisfies CompiledQuery['query']['kind'][]);

/**
 * Waits for other connections' transactions without blocking: SQLite's own busy handler would stop
 * this process altogether, and with it whoever holds the lock if they are in this process too.
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

  /** A write outside of a transaction is one of its own. */
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const result = await this.#patiently<R>(query);
    if (writeQueries.has(query.query.kind) && !this.#database.isTransaction) await this.#onCommit();
    return result;
  }

  async #patiently<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#connection.executeQuery<R>(query);
      } catch (error) {
        if (!isBusy(error) || attempt === maxAttempts) throw error;
        await setTimeout(5 + Math.random() * 10);
      }
    }
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#connection.streamQuery<R>(query, chunkSize);
  }
}

/**
 * Takes the write lock when a transaction begins. A deferred one that reads first and writes later
 * fails at once, without waiting, when another process wrote in between.
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
    await super.destroy();
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  /** A disk that is full or fails has undone everything already. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.isTransaction) await super.rollbackTransaction(connection);
  }
}

export class SqliteFileDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;
  readonly #database: DatabaseSync;
  readonly #adapter = new SqliteFileAdapter();

  constructor(database: DatabaseSync) {
    const config = { database: adapt(database) };
    super(config);
    this.#config = config;
    this.#database = database;
  }

  override createDriver(): Driver {
    return new ImmediateDriver(this.#config, this.#database, this.#adapter);
  }

  override createAdapter(): SqliteFileAdapter {
    return this.#adapter;
  }
}

/** Node's own way to make several goes on for ever where none can be made, as in `/proc`. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(path)) throw error;
  }
}

/** Opens the file, made readable for its owner alone if it is not there yet. Changes nothing in it. */
export function openFile(location: string): DatabaseSync {
  if (location !== ':memory:') {
    makeDirectory(dirname(location));
    closeSync(openSync(location, 'a', 0o600));
  }
  return new DatabaseSync(location, { timeout: openTimeout });
}
