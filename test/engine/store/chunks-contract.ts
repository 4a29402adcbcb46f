import { expect } from 'vitest';
import {
  ChunksReplaced,
  deleteChunks,
  fileChunks,
  type NewChunk,
  replaceChunks,
} from '../../../src/engine/store/chunks.ts';
import type { Database } from '../../../src/engine/store/schema.ts';
import { transact } from '../../../src/engine/store/transaction.ts';
import { openPair, type TestedDatabase, testUnless } from './test-databases.ts';

const chunk = (text: string, position = 0): NewChunk => ({ position, page: null, text });

async function chunksOf(db: Database, store: string, file: string): Promise<NewChunk[]> {
  const chunks: NewChunk[] = [];
  for await (const stored of fileChunks(db, store, file)) chunks.push(stored);
  return chunks;
}

const textsOf = async (db: Database, store: string, file: string): Promise<string[]> =>
  (await chunksOf(db, store, file)).map(({ text }) => text);

const countAll = async (db: Database): Promise<number[]> => {
  const counts: number[] = [];
  for (const table of ['chunk_files', 'chunks', 'chunk_index', 'chunk_vectors'] as const) {
    const { count } = await db
      .selectFrom(table)
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    counts.push(count);
  }
  return counts;
};

/** The tests of chunks. */
export function chunksContract(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('stores chunks of a file in their order, and replaces them', async () => {
    const [one, other] = await openPair(database);
    const many = Array.from({ length: 150 }, (_, position) =>
      chunk(`passage ${position}`, position),
    );
    await replaceChunks(one, 'vs_1', 'file-1', [many.slice(0, 70), many.slice(70)]);
    expect(await chunksOf(other, 'vs_1', 'file-1')).toEqual(many);
    const paged = { position: 0, page: 7, text: 'new' };
    await replaceChunks(one, 'vs_1', 'file-1', [[paged]]);
    expect(await chunksOf(other, 'vs_1', 'file-1')).toEqual([paged]);
    expect(await countAll(one)).toEqual([1, 1, 1, 0]);
  });

  test('a chunk with NUL, half a surrogate pair or no text can be stored', async () => {
    const [db] = await openPair(database);
    await replaceChunks(db, 'vs_1', 'file-1', [[chunk('a\0b'), chunk('\uD800', 1), chunk('', 2)]]);
    expect(await textsOf(db, 'vs_1', 'file-1')).toEqual(['a\uFFFDb', '\uFFFD', '']);
  });

  test('deletes the chunks of one file, and those of a store', async () => {
    const [db] = await openPair(database);
    for (const file of ['file-1', 'file-2']) {
      await replaceChunks(db, 'vs_1', file, [[chunk(file)]]);
      await replaceChunks(db, 'vs_2', file, [[chunk(file)]]);
    }
    await deleteChunks(db, 'vs_1', 'file-1');
    expect(await textsOf(db, 'vs_1', 'file-1')).toEqual([]);
    expect(await textsOf(db, 'vs_1', 'file-2')).toEqual(['file-2']);
    await deleteChunks(db, 'vs_1');
    expect(await textsOf(db, 'vs_1', 'file-2')).toEqual([]);
    expect(await textsOf(db, 'vs_2', 'file-1')).toEqual(['file-1']);
    await deleteChunks(db, 'vs_2');
    expect(await countAll(db)).toEqual([0, 0, 0, 0]);
  });

  test('chunks that are replaced in a transaction return when it is rolled back', async () => {
    const [db] = await openPair(database);
    await replaceChunks(db, 'vs_1', 'file-1', [[chunk('old')]]);
    const failure = transact(db, async (transaction) => {
      await replaceChunks(transaction, 'vs_1', 'file-1', [[chunk('new')]]);
      throw new Error('rolled back');
    });
    await expect(failure).rejects.toThrow('rolled back');
    expect(await textsOf(db, 'vs_1', 'file-1')).toEqual(['old']);
    expect(await countAll(db)).toEqual([1, 1, 1, 0]);
  });

  test('the old chunks stay until the new ones are complete, and the rest of a failed call is removed', async () => {
    const [db] = await openPair(database);
    await replaceChunks(db, 'vs_1', 'file-1', [[chunk('old')]]);
    async function* broken() {
      yield [chunk('half')];
      expect(await textsOf(db, 'vs_1', 'file-1')).toEqual(['old']);
      throw new Error('unreadable');
    }
    await expect(replaceChunks(db, 'vs_1', 'file-1', broken())).rejects.toThrow('unreadable');
    expect(await textsOf(db, 'vs_1', 'file-1')).toEqual(['old']);
    await replaceChunks(db, 'vs_1', 'file-1', [[chunk('new')]]);
    expect(await countAll(db)).toEqual([1, 1, 1, 0]);
  });

  test('a call that another one overtakes fails and leaves nothing', async () => {
    const [db] = await openPair(database);
    async function* overtaken() {
      yield [chunk('first')];
      await replaceChunks(db, 'vs_1', 'file-1', [[chunk('second')]]);
      yield [chunk('more', 1)];
    }
    const call = replaceChunks(db, 'vs_1', 'file-1', overtaken());
    await expect(call).rejects.toThrow(ChunksReplaced);
    expect(await textsOf(db, 'vs_1', 'file-1')).toEqual(['second']);
    expect(await countAll(db)).toEqual([1, 1, 1, 0]);
  });

  test('a store that is deleted while a file is indexed keeps nothing', async () => {
    const [db] = await openPair(database);
    async function* deleted() {
      yield [chunk('first')];
      await deleteChunks(db, 'vs_1');
      yield [];
    }
    await expect(replaceChunks(db, 'vs_1', 'file-1', deleted())).rejects.toThrow(ChunksReplaced);
    expect(await countAll(db)).toEqual([0, 0, 0, 0]);
  });
}
