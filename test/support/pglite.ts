import { PGlite } from '@electric-sql/pglite';
import { type Driver, Kysely, PGliteDialect, type PGliteDialectConfig, PGliteDriver } from 'kysely';
import type { Tables } from '../../src/engine/store/schema.ts';
import { CapabilityAdapter } from '../../src/engine/store/capabilities.ts';
import { NulSafeCompiler } from '../../src/engine/store/postgres/driver.ts';
import { migrate } from '../../src/engine/store/migrate.ts';

/** Hands the one connection to one after the other, and leaves it open for the next test. */
class SharedDriver extends PGliteDriver {
  #last: Promise<void> = Promise.resolve();
  #release = () => {};

  override async acquireConnection() {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#last;
    this.#last = promise;
    await before;
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

const int8 = 20;
let pglite: PGlite | undefined;
let count = 0;

/** PostgreSQL in this process, in an empty schema: one connection, and nobody else on it. */
export async function openPglite() {
  pglite ??= await PGlite.create({ parsers: { [int8]: Number } });
  const schema = `test_${(count += 1)}`;
  await pglite.exec(`create schema ${schema}; set search_path to ${schema}`);
  const db = new Kysely<Tables>({ dialect: new SharedDialect({ pglite }) });
  await migrate(db, 'PGlite', schema);
  return db;
}
