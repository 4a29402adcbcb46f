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
import { errorCode, isConnectionLoss } from '../errors.ts';
import { retryPauseMs } from '../transaction.ts';

const reconnectTimeoutMs = 10_000;

/** Attempts of one statement, each on a new connection. */
const maxAttempts = 6;

/** Idempotent statements. */
const idempotentQueries: ReadonlySet<string> = new Set([
  'SelectQueryNode',
  'UpdateQueryNode',
  'DeleteQueryNode',
]);

type PostgresConnection = Parameters<PostgresDriver['releaseConnection']>[0];

interface ConnectionSource {
  readonly acquire: () => Promise<PostgresConnection>;
  readonly release: (connection: PostgresConnection) => Promise<void>;
}

/** SQLSTATE of every statement after the one that failed. */
const abortedCode = '25P02';

/** A statement after which a failed transaction can go on. */
const rollbackToSavepoint = /^rollback to /iu;

/**
 * A connection that, outside transactions, replaces itself when it is lost. In a transaction, it
 * reports the first error, without which the later ones mean nothing.
 */
class ResilientConnection implements DatabaseConnection {
  readonly #source: ConnectionSource;
  #connection: PostgresConnection | null = null;
  isInTransaction = false;
  #firstError: unknown = null;

  constructor(source: ConnectionSource) {
    this.#source = source;
  }

  async current(): Promise<PostgresConnection> {
    return (this.#connection ??= await this.#source.acquire());
  }

  async release(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    if (connection !== null) await this.#source.release(connection);
  }

  /** Throws the error of a statement that failed: committing would roll back and report success. */
  checkCanCommit(): void {
    if (this.#firstError !== null) throw this.#firstError;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      const result = await this.#executeResiliently<R>(query);
      if (rollbackToSavepoint.test(query.sql)) this.#firstError = null;
      return result;
    } catch (error) {
      if (!this.isInTransaction || isConnectionLoss(error)) throw error;
      this.#firstError ??= error;
      throw errorCode(error) === abortedCode ? this.#firstError : error;
    }
  }

  async #executeResiliently<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { kind } = query.query;
    for (let failures = 1; ; failures += 1) {
      const connection = await this.current();
      try {
        return await connection.executeQuery<R>(query);
      } catch (error) {
        const isFinal =
          this.isInTransaction || !idempotentQueries.has(kind) || failures === maxAttempts;
        if (isFinal || !isConnectionLoss(error)) throw error;
        await this.release();
        await setTimeout(retryPauseMs(failures));
      }
    }
  }

  async *streamQuery<R>(query: CompiledQuery, size: number): AsyncIterableIterator<QueryResult<R>> {
    yield* (await this.current()).streamQuery<R>(query, size);
  }
}

/** Waits for a server that restarts. */
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
      release: (acquired) => this.#driver.releaseConnection(acquired),
    });
    await connection.current();
    return connection;
  }

  async #acquire(): Promise<PostgresConnection> {
    const startedAt = performance.now();
    for (let failures = 1; ; failures += 1) {
      try {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the driver accepts only connections that it created
        return (await this.#driver.acquireConnection()) as PostgresConnection;
      } catch (error) {
        if (!isConnectionLoss(error) || performance.now() - startedAt > reconnectTimeoutMs)
          throw error;
        await setTimeout(retryPauseMs(failures));
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
    connection.checkCanCommit();
    await this.#driver.commitTransaction(connection);
    connection.isInTransaction = false;
  }

  async rollbackTransaction(connection: ResilientConnection): Promise<void> {
    try {
      await this.#driver.rollbackTransaction(await connection.current());
    } catch {
      // The connection is lost and the transaction with it; the pool discards the connection.
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

  override createQueryCompiler(): NulSafeCompiler {
    return new NulSafeCompiler();
  }

  override createAdapter(): CapabilityAdapter {
    return this.#adapter;
  }
}

/** PostgreSQL rejects NUL in text. The replacement character matches no stored id either. */
const withoutNul = (parameter: unknown): unknown =>
  typeof parameter === 'string' ? parameter.replaceAll('\0', '\uFFFD') : parameter;

/** Lets a select with NUL in a parameter find nothing instead of failing. */
export class NulSafeCompiler extends PostgresQueryCompiler {
  override compileQuery(
    ...[node, id]: Parameters<PostgresQueryCompiler['compileQuery']>
  ): CompiledQuery {
    const query = super.compileQuery(node, id);
    const isSelect = node.kind === 'SelectQueryNode';
    return isSelect ? { ...query, parameters: query.parameters.map(withoutNul) } : query;
  }
}
