import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  SqliteAdapter,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
} from 'kysely';

/** Milliseconds a statement waits for another process's transaction to end. */
const busyTimeout = 10_000;

/** Kysely does not type its parameters; the queries here bind nothing else. */
const parameters = (values: readonly unknown[]) =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above; node:sqlite throws on anything else
  values as readonly (string | number | bigint | null)[];

/** Shows node:sqlite to Kysely as the interface its SQLite driver was written against. */
const adapt = (database: DatabaseSync): SqliteDialectConfig['database'] => ({
  close: () => database.close(),
  prepare: (sql) => {
    const statement = database.prepare(sql);
    return {
      reader: statement.columns().length > 0,
      all: (values) => statement.all(...parameters(values)),
      run: (values) => statement.run(...parameters(values)),
      iterate: (values) => statement.iterate(...parameters(values)),
    };
  },
});

/**
 * Takes the write lock when a transaction begins. A deferred one that reads first and writes later
 * fails at once, without waiting, when another process wrote in between.
 */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

/** Lets the migrator run all pending migrations in one transaction, so that processes can race. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

export class SqliteFileDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;

  constructor(database: DatabaseSync) {
    const config = { database: adapt(database) };
    super(config);
    this.#config = config;
  }

  override createDriver(): Driver {
    return new ImmediateDriver(this.#config);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

/** Opens the file, made readable for its owner alone if it is not there yet. Changes nothing in it. */
export function openFile(location: string): DatabaseSync {
  if (location !== ':memory:') {
    mkdirSync(dirname(location), { recursive: true, mode: 0o700 });
    closeSync(openSync(location, 'a', 0o600));
  }
  return new DatabaseSync(location, { timeout: busyTimeout });
}
