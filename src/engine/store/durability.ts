import { close, fdatasync, open } from 'node:fs';
import { promisify } from 'node:util';
import { sql, SqliteAdapter } from 'kysely';
import type { AnyDatabase } from './capabilities.ts';
import type { Database } from './schema.ts';

/** As `promisify` would have it, which takes longer to make one. */
const flush = (file: number): Promise<void> =>
  new Promise((resolve, reject) => {
    fdatasync(file, (error) => (error === null ? resolve() : reject(error)));
  });

/**
 * An SQLite file's write-ahead log. SQLite would wait for the disk at every commit, and the whole
 * process with it: so it is told not to, and whoever needs a commit to outlast a loss of power waits
 * here, together with everybody else who does.
 */
export class WriteAheadLog {
  readonly #path: string | null;
  /** The descriptor: Node's file handles take longer than the disk does. */
  #file: Promise<number> | null = null;
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  /** `path` is the log's; null where there is none to wait for. */
  constructor(path: string | null) {
    this.#path = path;
  }

  /** Resolves when all that has been committed so far is on the disk; rejects with what Node says. */
  sync(): Promise<void> {
    const path = this.#path;
    if (path === null) return Promise.resolve();
    this.#next ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#next = null;
        this.#writing = this.#write(path);
        return this.#writing;
      });
    return this.#next;
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => {});
    const file = await this.#file?.catch(() => null);
    this.#file = null;
    if (file !== null && file !== undefined) await promisify(close)(file);
  }

  async #write(path: string): Promise<void> {
    this.#file ??= promisify(open)(path, 'r+');
    const file = await this.#file.catch((error: unknown) => {
      this.#file = null;
      throw error;
    });
    await flush(file);
  }
}

/** Tells whoever has the database or a transaction where its log is. */
export class SqliteFileAdapter extends SqliteAdapter {
  log = new WriteAheadLog(null);

  /** Lets the migrator run all pending migrations in one transaction, so that processes can race. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Gives a file a log that is waited for here; where it can have none, SQLite waits as it used to. */
export async function enableWal(db: Database): Promise<void> {
  const { adapter } = db.getExecutor();
  const { rows } = await sql<{ journal_mode: string }>`pragma journal_mode = wal`.execute(db);
  if (rows[0]?.journal_mode !== 'wal' || !(adapter instanceof SqliteFileAdapter)) return;
  const files = sql<{ file: string }>`select file from pragma_database_list where name = 'main'`;
  const { file = '' } = (await files.execute(db)).rows[0] ?? {};
  adapter.log = new WriteAheadLog(`${file}-wal`);
  await sql`pragma synchronous = normal`.execute(db);
}

/** Resolves when what has been committed outlasts a loss of power; PostgreSQL has seen to it itself. */
export async function syncToDisk(db: AnyDatabase): Promise<void> {
  const { adapter } = db.getExecutor();
  if (adapter instanceof SqliteFileAdapter) await adapter.log.sync();
}
