import { setTimeout } from 'node:timers/promises';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from 'kysely';
import type { CapabilityAdapter } from '../capabilities.ts';
import { backoffMs } from '../transaction.ts';
import { isConnectionLoss } from '../errors.ts';

/** Milliseconds that a server is waited for that cannot be reached. */
const reconnectTimeoutMs = 10_000;

/** How many connections may be lost under one statement. */
const maxConnectionLosses = 6;

/** Statements that come to the same when they are done twice. */
const repeatable: ReadonlySet<string> = new Set([
  'SelectQueryNode',
  'UpdateQueryNode',
  'DeleteQueryNode',
]);

type PostgresConnection = Parameters<PostgresDriver['releaseConnection']>[0];

/** How connections come and go. */
interface ConnectionSource {
  readonly acquire: () => Promise<PostgresConnection>;
  readonly release: (connection: PostgresConnection) => Promise<void>;
}

/** A connection that, outside of transactions, stands for whichever one works. */
class ResilientConnection implements DatabaseConnection {
  readonly #supply: ConnectionSource;
  #connection: PostgresConnection | null = null;
  isInTransaction = false;

  constructor(supply: ConnectionSource) {
    this.#supply = supply;
  }

  async current(): Promise<PostgresConnection> {
    return (this.#connection ??= await this.#supply.acquire());
  }

  async release(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    if (connection !== null) await this.#supply.release(connection);
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { kind } = query.query;
    for (let failures = 1; ; failures += 1) {
      const connection = await this.current();
      try {
        return await connection.executeQuery<R>(query);
      } catch (error) {
        const isUseless =
          this.isInTransaction || !repeatable.has(kind) || failures === maxConnectionLosses;
        if (isUseless || !isConnectionLoss(error)) throw error;
        await this.release();
        await setTimeout(backoffMs(failures));
      }
    }
  }

  async *streamQuery<R>(query: CompiledQuery, size: number): AsyncIterableIterator<QueryResult<R>> {
    yield* (await this.current()).streamQuery<R>(query, size);
  }
}

/** Waits for a server that is just starting again, and never hides why a transaction failed. */
class ResilientDriver implements Driver {
  readonly #driver: PostgresDriver;

  constructor(driver: PostgresDriver) {
    this.#driver = driver;
  }

  init(): Promise<void> {
    return this.#driver.init();
  }

  async acquireConnection(): Promise<ResilientConnection> {
    const connection = new ResilientConnection({
      acquire: () => this.#acquire(),
      release: (lost) => this.#driver.releaseConnection(lost),
    });
    await connection.current();
    return connection;
  }

  async #acquire(): Promise<PostgresConnection> {
    const begun = performance.now();
    for (let failures = 1; ; failures += 1) {
      try {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its driver takes back nothing but what it gave
        return (await this.#driver.acquireConnection()) as PostgresConnection;
      } catch (error) {
        if (!isConnectionLoss(error) || performance.now() - begun > reconnectTimeoutMs) throw error;
        await setTimeout(backoffMs(failures));
      }
    }
  }

  releaseConnection(connection: ResilientConnection): Promise<void> {
    return connection.release();
  }

  async beginTransaction(
    connection: ResilientConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    connection.isInTransaction = true;
    await this.#driver.beginTransaction(connection, settings);
  }

  async commitTransaction(connection: ResilientConnection): Promise<void> {
    await this.#driver.commitTransaction(connection);
    connection.isInTransaction = false;
  }

  async rollbackTransaction(connection: ResilientConnection): Promise<void> {
    try {
      await this.#driver.rollbackTransaction(await connection.current());
    } catch {
      // The connection is gone and the transaction with it; the pool takes care of the rest.
    }
    connection.isInTransaction = false;
  }

  destroy(): Promise<void> {
    return this.#driver.destroy();
  }
}

export class ResilientDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;
  readonly #adapter: CapabilityAdapter;

  constructor(config: PostgresDialectConfig, adapter: CapabilityAdapter) {
    super(config);
    this.#config = config;
    this.#adapter = adapter;
  }

  override createDriver(): Driver {
    return new ResilientDriver(new PostgresDriver(this.#config));
  }

  override createQueryCompiler(): SearchCompiler {
    return new SearchCompiler();
  }

  override createAdapter(): CapabilityAdapter {
    return this.#adapter;
  }
}

/** No text in PostgreSQL holds NUL, which it refuses even to look for: this is as little there. */
const searchable = (parameter: unknown): unknown =>
  typeof parameter === 'string' ? parameter.replaceAll('\0', '\uFFFD') : parameter;
/** Makes queries that look for whatever a caller has sent, and find nothing if it cannot be there. */
export class SearchCompiler extends PostgresQueryCompiler {
  override compileQuery(
    ...[node, id]: Parameters<PostgresQueryCompiler['compileQuery']>
  ): CompiledQuery {
    const query = super.compileQuery(node, id);
    const isSearch = node.kind === 'SelectQueryNode';
    return isSearch ? { ...query, parameters: query.parameters.map(searchable) } : query;
  }
}
