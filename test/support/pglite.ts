import { PGlite } from '@electric-sql/pglite';
import { type Driver, Kysely, PGliteDialect, type PGliteDialectConfig, PGliteDriver } from 'kysely';
import type { Tables } from '../../src/engine/store/schema.ts';
import { CapabilityAdapter } from '../../src/engine/store/capabilities.ts';
import { NulSafeCompiler } from '../../src/engine/store/postgres/driver.ts';
import { migrate } from '../../src/engine/store/migrate.ts';

/** Lends the only connection to one caller after another, and keeps it open for the next test. */
class SharedDriver extends PGliteDriver {
  #lastReleased: Promise<void> = Promise.resolve();
  #release = () => {};

  override async acquireConnection() {
    const { promise, resolve } = Promise.withResolvers<void>();
    const previousReleased = this.#lastReleased;
    this.#lastReleased = promise;
    await previousReleased;
    this.#release = resolve;
    return super.acquireConnection();
  }

  override async releaseConnection(): Promise<void> {
    this.#release();
  }

  override async destroy(): Promise<void> {}
}

class SharedDialect extends PGliteDialect {
  readonly #config: PGliteDialectConfig;

  constructor(config: PGliteDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): Driver {
    return new SharedDriver(this.#config);
  }

  override createQueryCompiler(): NulSafeCompiler {
    return new NulSafeCompiler();
  }

  override createAdapter(): CapabilityAdapter {
    const adapter = new CapabilityAdapter();
    adapter.capabilities = {
      isolation: 'read committed',
      skipLocked: true,
      asyncCommit: true,
      notifications: null,
    };
    return adapter;
  }
}

const int8Oid = 20;
let pglite: PGlite | undefined;
let count = 0;

/** Opens PostgreSQL in this process, in an empty schema, with one connection. */
export async function openPglite() {
  pglite ??= await PGlite.create({ parsers: { [int8Oid]: Number } });
  const schema = `test_${(count += 1)}`;
  await pglite.exec(`create schema ${schema}; set search_path to ${schema}`);
  const db = new Kysely<Tables>({ dialect: new SharedDialect({ pglite }) });
  await migrate(db, 'PGlite', schema);
  return db;
}
