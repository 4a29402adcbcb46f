import { buffer } from 'node:stream/consumers';
import { type Kysely, sql } from 'kysely';
import { expect } from 'vitest';
import {
  ContentDeleted,
  deleteUnusedContents,
  readContents,
  useContent,
  writeContent,
} from '../../../src/engine/store/file-contents.ts';
import {
  deleteFiles,
  findContent,
  findFile,
  insertFileRow,
  readContent,
  storedBytes,
  toFile,
} from '../../../src/engine/store/files.ts';
import { bytesType } from '../../../src/engine/store/column-types.ts';
import { createLocalFiles } from '../../../src/engine/store/local-files-migration.ts';
import type { Database } from '../../../src/engine/store/schema.ts';
import { transact } from '../../../src/engine/store/transaction.ts';
import { now } from '../../support/store-rows.ts';
import { openPair, type TestedDatabase, testUnless } from './test-databases.ts';

const bytes = Uint8Array.from({ length: 2 ** 21 + 5 }, (_, index) => (index * 11) % 256);

async function* chunksOf(content: Uint8Array, size = 300_000): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < content.length; start += size) {
    yield content.subarray(start, start + size);
  }
}

const countPieces = async (db: Database) =>
  (await db.selectFrom('file_parts').select('position').execute()).length;

const countUnused = async (db: Database) =>
  (await db.selectFrom('unused_contents').select('owner_id').execute()).length;

const write = (db: Database, id: string, content = bytes) =>
  writeContent(db, id, chunksOf(content), () => now.milliseconds);

const insert = (db: Database, id: string, content_ids: readonly string[], size: number) =>
  transact(db, async (transaction) => {
    for (const owner_id of content_ids) await useContent(transaction, owner_id);
    await insertFileRow(transaction, {
      id,
      created_at: now.seconds,
      purpose: 'assistants',
      expires_at: null,
      thread_id: null,
      run_id: null,
      body: { filename: 'a', media_type: null, bytes: size, is_uploaded: false, content_ids },
    });
  });

/** The database as migrations see it. */
const untyped = (db: Database): Kysely<unknown> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a migration knows no tables
  db as unknown as Kysely<unknown>;

/** Puts the tables of files into the state before they were kept in pieces. */
async function restoreOldTable(db: Database): Promise<void> {
  for (const table of ['upload_parts', 'uploads', 'unused_contents', 'file_parts', 'files']) {
    await db.schema.dropTable(table).execute();
  }
  await db.schema
    .createTable('files')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('created_at', 'integer', (column) => column.notNull())
    .addColumn('thread_id', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('content', bytesType(untyped(db)), (column) => column.notNull())
    .execute();
  await db.schema.createIndex('files_by_run').on('files').column('run_id').execute();
}

async function* breakOff<T>(chunks: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
  yield* chunks;
  throw new Error('the client is gone');
}

/** The tests of contents in pieces. */
export function fileContentsContract(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('content is written in pieces of 1 MiB and read in ranges', async () => {
    const [db, other] = await openPair(database);
    expect(await write(db, 'content')).toBe(bytes.length);
    await insert(db, 'file-1', ['content'], bytes.length);
    expect(await countPieces(db)).toBe(3);
    expect(await findContent(other, 'file-1')).toEqual(bytes);
    const range = { start: 2 ** 20 - 2, end: 2 ** 20 + 3 };
    const read = await buffer(readContents(other, ['content'], range));
    expect(read.equals(bytes.subarray(range.start, range.end))).toBe(true);
    expect(await storedBytes(db)).toBe(bytes.length);
  });

  test('at most two pieces are in memory while content is written', async () => {
    const [db] = await openPair(database);
    let [taken, buffered] = [0, 0];
    const source = async function* () {
      for await (const chunk of chunksOf(bytes, 2 ** 16)) {
        taken += chunk.length;
        buffered = Math.max(buffered, taken - (await countPieces(db)) * 2 ** 20);
        yield chunk;
      }
    };
    await writeContent(db, 'content', source(), () => now.milliseconds);
    expect(buffered).toBeLessThanOrEqual(2 * 2 ** 20);
  });

  test('a file can have the contents of several owners, in order', async () => {
    const [db] = await openPair(database);
    await write(db, 'b', Buffer.from('b'));
    await write(db, 'a', Buffer.from('aa'));
    await insert(db, 'file-1', ['a', 'b'], 3);
    expect(await findContent(db, 'file-1')).toEqual(new Uint8Array(Buffer.from('aab')));
  });

  test('content that breaks off is deleted, and nobody can use it', async () => {
    const [db] = await openPair(database);
    const broken = breakOff(chunksOf(bytes));
    await expect(writeContent(db, 'content', broken, () => now.milliseconds)).rejects.toThrow(
      'gone',
    );
    expect([await countPieces(db), await countUnused(db)]).toEqual([0, 0]);
    await expect(insert(db, 'file-1', ['content'], 1)).rejects.toThrow(ContentDeleted);
    expect(await findFile(db, 'file-1')).toBeUndefined();
  });

  test('content of a dead process is deleted ten minutes after its last piece', async () => {
    const [db] = await openPair(database);
    await write(db, 'content');
    await deleteUnusedContents(db, now.milliseconds + 599_999);
    expect(await countPieces(db)).toBe(3);
    await deleteUnusedContents(db, now.milliseconds + 600_000);
    expect([await countPieces(db), await countUnused(db)]).toEqual([0, 0]);
  });

  test('content that was deleted while it was written cannot be completed', async () => {
    const [db] = await openPair(database);
    const slow = async function* () {
      yield bytes.subarray(0, 2 ** 20);
      await deleteUnusedContents(db, now.milliseconds + 600_000);
      yield bytes.subarray(2 ** 20);
    };
    const writing = writeContent(db, 'content', slow(), () => now.milliseconds);
    await expect(writing).rejects.toThrow(ContentDeleted);
    expect(await countPieces(db)).toBe(0);
  });

  test('a deleted file is gone at once, and its content with the next cleaning up', async () => {
    const [db] = await openPair(database);
    await write(db, 'content');
    await insert(db, 'file-1', ['content'], bytes.length);
    const reading = readContent(db, 'file-1')[Symbol.asyncIterator]();
    await reading.next();
    await transact(db, (transaction) => deleteFiles(transaction, ['file-1']));
    expect(await findFile(db, 'file-1')).toBeUndefined();
    await deleteUnusedContents(db, now.milliseconds);
    expect([await countPieces(db), await countUnused(db)]).toEqual([0, 0]);
    await expect(reading.next()).rejects.toThrow(ContentDeleted);
  });

  test('files that were stored in one piece are kept with their ids', async () => {
    const [db] = await openPair(database);
    await restoreOldTable(db);
    const body = { filename: 'a\u0000.csv', media_type: 'text/csv', is_uploaded: true };
    const old = [
      ['file-b', 2, 'thread_1', 'run_1', { ...body, bytes: 3 }, 'abc'],
      ['file-a', 1, '', '', { ...body, bytes: 0, purpose: 'assistants' }, ''],
    ] as const;
    for (const [id, created_at, thread_id, run_id, fields, content] of old) {
      await sql`
        insert into files (id, created_at, thread_id, run_id, body, content)
        values (${id}, ${created_at}, ${thread_id}, ${run_id}, ${JSON.stringify(fields)},
          ${Buffer.from(content)})`.execute(db);
    }
    await createLocalFiles(untyped(db));
    const [one, other] = [await findFile(db, 'file-a'), await findFile(db, 'file-b')];
    expect(one && toFile(one)).toMatchObject({ purpose: 'assistants', bytes: 0, created_at: 1 });
    expect(one).toMatchObject({ seq: 1, thread_id: null, run_id: null });
    expect(other).toMatchObject({ seq: 2, thread_id: 'thread_1', run_id: 'run_1' });
    expect(other && toFile(other)).toMatchObject({
      filename: 'a\u0000.csv',
      purpose: 'assistants_output',
    });
    expect(await findContent(db, 'file-b')).toEqual(new Uint8Array(Buffer.from('abc')));
    expect(await findContent(db, 'file-a')).toEqual(new Uint8Array());
  });
}
