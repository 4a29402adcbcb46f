import { sql } from 'kysely';
import { expect } from 'vitest';
import {
  contextMessages,
  deleteMessage,
  listMessages,
  messageCursor,
} from '../../../src/engine/store/messages.ts';
import type { PageQuery } from '../../../src/engine/store/keyset-page.ts';
import { listRuns } from '../../../src/engine/store/runs.ts';
import {
  deleteThread,
  findThread,
  listThreads,
  threadCursor,
} from '../../../src/engine/store/threads.ts';
import { addMessage, addRun, addThread, now } from '../../support/store-rows.ts';
import { openPair, type TestedDatabase, testUnless } from './test-databases.ts';

/** The ids of a page, with an ellipsis if it has more. */
export const idsOf = async (
  page: Promise<{ rows: readonly { id: string }[]; has_more: boolean }>,
) => {
  const { rows, has_more } = await page;
  return [...rows.map(({ id }) => id), ...(has_more ? ['…'] : [])].join(' ');
};

/** The tests of list pages. */
export function pagesContract(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('lists are ordered by time, then insertion, from any cursor in both directions', async () => {
    const [db] = await openPair(database);
    for (const [id, time] of Object.entries({ a: 2, b: 1, c: 2, d: 3, e: 2 })) {
      await addThread(db, id, now.seconds + time);
    }
    const list = (page: Partial<PageQuery> = {}) =>
      idsOf(listThreads(db, { limit: 10, order: 'asc', ...page }));
    expect(await list()).toBe('b a c e d');
    expect(await list({ order: 'desc' })).toBe('d e c a b');
    expect(await list({ limit: 2 })).toBe('b a …');
    const cursorOf = async (id: string) => {
      const row = await findThread(db, id);
      if (row === undefined) throw new Error(`no thread ${id}`);
      return row;
    };
    expect(await list({ after: await cursorOf('a') })).toBe('c e d');
    expect(await list({ after: await cursorOf('c'), order: 'desc', limit: 1 })).toBe('a …');
    expect(await list({ before: await cursorOf('e'), limit: 2 })).toBe('a c …');
    expect(await list({ after: await cursorOf('b'), before: await cursorOf('d') })).toBe('a c e');
  });

  test('lists the messages of one thread, or of one run', async () => {
    const [db] = await openPair(database);
    await addThread(db, 'one');
    const run = await addRun(db, 'run', { thread_id: 'one' });
    await addMessage(db, 'question', { thread_id: 'one' });
    await addMessage(db, 'answer', { thread_id: 'one', run_id: run.id });
    await addThread(db, 'other');
    await addMessage(db, 'elsewhere', { thread_id: 'other' });
    const page = { limit: 10, order: 'asc' } as const;
    expect(await idsOf(listMessages(db, 'one', page))).toBe('question answer');
    expect(await idsOf(listMessages(db, 'one', page, run.id))).toBe('answer');
    expect(await idsOf(listRuns(db, 'one', page))).toBe('run');
    expect(await idsOf(listRuns(db, 'other', page))).toBe('');
  });

  test('reads context messages from either end, without those of the run itself', async () => {
    const [db] = await openPair(database);
    await addThread(db, 'one');
    const run = await addRun(db, 'run', { thread_id: 'one' });
    const ids = Array.from({ length: 120 }, (_, index) => `msg_${index}`);
    for (const [index, id] of ids.entries()) {
      const of = index % 20 === 10 ? { run_id: run.id } : index % 2 === 0 ? {} : { run_id: 'old' };
      await addMessage(db, id, {
        thread_id: 'one',
        created_at: now.seconds + Math.floor(index / 20),
        ...of,
      });
    }
    const listedIds = ids.filter((_, index) => index % 20 !== 10);
    const read = async (order: 'asc' | 'desc', maxMessages?: number) => {
      const readIds: string[] = [];
      for await (const { id } of contextMessages(db, run, order, maxMessages)) readIds.push(id);
      return readIds;
    };
    expect(await read('asc')).toEqual(listedIds);
    expect(await read('desc')).toEqual(listedIds.toReversed());
    expect(await read('desc', 60)).toEqual(listedIds.slice(-60).toReversed());
    expect(await read('desc', 200)).toEqual(listedIds.toReversed());
  });

  test('a deleted row’s cursor is kept until 10,000 more rows are deleted', async () => {
    const [db, other] = await openPair(database);
    for (const id of ['a', 'b', 'c']) await addThread(db, id);
    await addMessage(db, 'deleted', { thread_id: 'a' });
    await addMessage(db, 'remaining', { thread_id: 'a' });
    const threadsAfter = async (id: string) => {
      const after = await threadCursor(other, id);
      return after && idsOf(listThreads(other, { limit: 10, order: 'asc', after }));
    };
    await deleteThread(db, 'b');
    await deleteMessage(db, 'deleted');
    expect([await threadsAfter('a'), await threadsAfter('b'), await threadsAfter('x')]).toEqual([
      'c',
      'c',
      undefined,
    ]);
    const after = await messageCursor(db, 'a', 'deleted');
    const page = { limit: 10, order: 'asc', ...(after && { after }) } as const;
    expect(await idsOf(listMessages(db, 'a', page))).toBe('remaining');
    expect(await messageCursor(db, 'c', 'deleted')).toBeUndefined();
    await db
      .updateTable('gone')
      .set({ number: sql`number - 10000` })
      .execute();
    await deleteThread(db, 'c');
    expect([await threadsAfter('b'), await threadsAfter('c')]).toEqual([undefined, '']);
  });

  test('an id that was deleted twice has its last cursor', async () => {
    const [db] = await openPair(database);
    for (const id of ['a', 'b']) await addThread(db, id);
    await deleteThread(db, 'a');
    const { seq } = await addThread(db, 'a');
    await deleteThread(db, 'a');
    expect(await threadCursor(db, 'a')).toEqual({ created_at: now.seconds, seq });
  });
}
