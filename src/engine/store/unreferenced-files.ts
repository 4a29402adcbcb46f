import { sql } from 'kysely';
import { yieldToOthers } from '../../shared/clock.ts';
import { deleteFiles } from './files.ts';
import type { Database } from './schema.ts';
import { transact } from './transaction.ts';

/** Where ids of files are: texts of JSON, or single ids. */
const sources = {
  assistants: sql<string>`body`,
  threads: sql<string>`body`,
  messages: sql<string>`body`,
  steps: sql<string>`body`,
  runs: sql<string>`settings`,
  vector_store_files: sql<string>`'"' || file_id || '"'`,
};

type Source = keyof typeof sources;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a constant
const sourceNames = Object.keys(sources) as Source[];

/** Rows of which clients change the files. */
const changingSources = ['assistants', 'threads', 'messages'] as const satisfies readonly Source[];

/** Rows in memory at once. */
const pageSize = 100;

/** Whole strings, so that what lies between two of them is never taken for one. */
const textPattern = /"((?:[^"\\]|\\.)*)"/gu;

/** Files older than a time that no assistant, thread, message, step, run or vector store refers to. */
export class UnreferencedFiles {
  readonly #db: Database;
  readonly #ids: Set<string>;
  /** Up to which row each table has been read. */
  readonly #readUpTo = new Map<Source, number>();

  private constructor(db: Database, ids: Set<string>) {
    this.#db = db;
    this.#ids = ids;
  }

  /** Finds them among the files created up to `since`, in Unix seconds. */
  static async find(db: Database, since: number): Promise<UnreferencedFiles> {
    const rows = await db
      .selectFrom('files')
      .select('id')
      .where('created_at', '<=', since)
      .execute();
    const files = new UnreferencedFiles(db, new Set(rows.map(({ id }) => id)));
    await files.#dropReferenced(db);
    return files;
  }

  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  /** Deletes up to `limit` of them, unless new rows refer to them now; resolves to their number. */
  deleteBatch(limit: number): Promise<number> {
    return transact(this.#db, async (transaction) => {
      // These rows can refer to other files since they were read.
      for (const source of changingSources) this.#readUpTo.delete(source);
      await this.#dropReferenced(transaction);
      const ids = [...this.#ids].slice(0, limit);
      await deleteFiles(transaction, ids);
      return ids;
    }).then((ids) => {
      for (const id of ids) this.#ids.delete(id);
      return ids.length;
    });
  }

  /** Reads the rows that were not read yet. */
  async #dropReferenced(db: Database): Promise<void> {
    for (const source of sourceNames) {
      let page = await this.#readPage(db, source);
      while (this.#ids.size > 0 && page.length > 0) {
        for (const { text } of page) this.#dropIdsIn(text);
        this.#readUpTo.set(source, page.at(-1)?.seq ?? 0);
        await yieldToOthers();
        page = await this.#readPage(db, source);
      }
    }
  }

  #dropIdsIn(text: string): void {
    for (const [, id = ''] of text.matchAll(textPattern)) this.#ids.delete(id);
  }

  async #readPage(
    db: Database,
    source: Source,
  ): Promise<readonly { readonly seq: number; readonly text: string }[]> {
    const { rows } = await sql<{ seq: number; text: string }>`
      select seq, ${sources[source]} as text from ${sql.table(source)}
      where seq > ${this.#readUpTo.get(source) ?? 0} order by seq limit ${pageSize}`.execute(db);
    return rows;
  }
}
