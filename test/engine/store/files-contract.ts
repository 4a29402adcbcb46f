import { expect } from 'vitest';
import {
  deleteFiles,
  findContent,
  findFile,
  insertFile,
  runFiles,
  toFile,
} from '../../../src/engine/store/files.ts';
import { countInactive, noneDeleted, deleteOrphanFiles } from '../../../src/engine/store/prune.ts';
import type { Database } from '../../../src/engine/store/schema.ts';
import { deleteThread } from '../../../src/engine/store/threads.ts';
import { addThread, now } from '../../support/store-rows.ts';
import { openPair, type TestedDatabase, testUnless } from './test-databases.ts';

/** All byte values, NUL first; more than one page of any database. */
const everyByte = Uint8Array.from({ length: 100_000 }, (_, index) => index % 256);

interface Copy {
  readonly thread_id?: string;
  readonly run_id?: string;
  readonly created_at?: number;
  readonly filename?: string;
  readonly content?: Uint8Array;
}

const addFile = (db: Database, id: string, { filename = 'a.csv', ...rest }: Copy = {}) => {
  const { content = everyByte } = rest;
  const body = { filename, media_type: null, bytes: content.length, is_uploaded: true };
  return insertFile(db, {
    id,
    created_at: now.seconds,
    thread_id: 'thread',
    run_id: 'run',
    ...rest,
    body,
    content,
  });
};

/** The tests of file copies. */
export function filesContract(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('a file copy has the same bytes and becomes the API’s object', async () => {
    const [one, other] = await openPair(database);
    const filename = 'sum\u0000 🥶\uD800.csv';
    await addFile(one, 'file-1', { filename });
    await addFile(one, 'file-empty', { content: new Uint8Array() });
    expect(await findContent(other, 'file-1')).toEqual(everyByte);
    expect(await findContent(other, 'file-empty')).toEqual(new Uint8Array());
    const row = await findFile(other, 'file-1');
    expect(row && toFile(row)).toEqual({
      id: 'file-1',
      object: 'file',
      bytes: 100_000,
      created_at: now.seconds,
      filename,
      purpose: 'assistants_output',
      status: 'processed',
    });
    expect([await findFile(one, 'file-2'), await findContent(one, 'file-2')]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('inserting an existing file changes nothing; the files of a run are listed and deleted', async () => {
    const [db] = await openPair(database);
    await addFile(db, 'file-1');
    await addFile(db, 'file-1', { content: new Uint8Array(3), run_id: 'other' });
    await addFile(db, 'file-2');
    expect(await findContent(db, 'file-1')).toHaveLength(100_000);
    expect((await runFiles(db, 'run')).toSorted()).toEqual(['file-1', 'file-2']);
    expect(await runFiles(db, 'other')).toEqual([]);
    await deleteFiles(db, ['file-1']);
    expect(await runFiles(db, 'run')).toEqual(['file-2']);
  });

  test('file copies outlive their thread until they are old, and are deleted in batches', async () => {
    const [db] = await openPair(database);
    const since = now.seconds - 100;
    for (const id of ['still', 'gone', 'new']) {
      await addThread(db, id, id === 'new' ? since + 1 : since);
      await addFile(db, `file-${id}`, { thread_id: id, created_at: since });
      await addFile(db, `file-${id}-late`, { thread_id: id, created_at: since + 1 });
      await addFile(db, `file-${id}-early`, { thread_id: id, created_at: since - 1 });
    }
    await deleteThread(db, 'gone');
    expect(await countInactive(db, since)).toEqual({ ...noneDeleted, threads: 1, files: 4 });
    expect(await deleteOrphanFiles(db, since, 1)).toBe(1);
    expect(await findFile(db, 'file-gone-early')).toBeUndefined();
    expect(await deleteOrphanFiles(db, since, 10)).toBe(1);
    expect(await deleteOrphanFiles(db, since, 10)).toBe(0);
    await deleteThread(db, 'still');
    expect(await deleteOrphanFiles(db, since, 10)).toBe(2);
    expect((await runFiles(db, 'run')).toSorted()).toEqual([
      'file-gone-late',
      'file-new',
      'file-new-early',
      'file-new-late',
      'file-still-late',
    ]);
  });
}
