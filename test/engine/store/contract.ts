import { describe, expect } from 'vitest';
import {
  deleteContainer,
  findContainer,
  putContainer,
} from '../../../src/engine/store/code-containers.ts';
import {
  countRows,
  deferReferences,
  insertRow,
  maxSeq,
  readSnapshot,
  replaceRow,
} from '../../../src/engine/store/raw-rows.ts';
import { deleteMessage, findMessage, listMessages } from '../../../src/engine/store/messages.ts';
import type { Database } from '../../../src/engine/store/schema.ts';
import { insertStep, listSteps } from '../../../src/engine/store/steps.ts';
import {
  deleteThread,
  findThread,
  threadBody,
  updateThread,
} from '../../../src/engine/store/threads.ts';
import { transact } from '../../../src/engine/store/transaction.ts';
import {
  answerLastTurn,
  insertTurn,
  listTurns,
  sumUsage,
} from '../../../src/engine/store/turns.ts';
import { addMessage, addRun, addThread, messageWithText, now } from '../../support/store-rows.ts';
import { fileContentsContract } from './file-contents-contract.ts';
import { filesContract } from './files-contract.ts';
import { keysContract } from './keys-contract.ts';
import { waitingContract } from './waiting-contract.ts';
import { leaseContract } from './lease-contract.ts';
import { idsOf, pagesContract } from './pages-contract.ts';
import { openPair, type TestedDatabase, testUnless } from './test-databases.ts';
import { pruneContract } from './prune-contract.ts';

function values(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('stores any text unchanged', async () => {
    const [db] = await openPair(database);
    await addThread(db, 'thread');
    const text = 'a\0b \uD800 \u{1F600} \u2028 "\\ é';
    await addMessage(db, 'msg', { thread_id: 'thread', text });
    const row = await findMessage(db, 'thread', 'msg');
    expect(JSON.parse(row?.body ?? '')).toEqual(messageWithText(text));
  });

  test('reads integers as numbers, milliseconds included', async () => {
    const [db] = await openPair(database);
    const lease_until = now.milliseconds + 10_000;
    const row = await addRun(db, 'run', { lease_token: 'lease', lease_until });
    expect(row).toMatchObject({
      created_at: now.seconds,
      deadline: now.seconds + 600,
      lease_until,
    });
    expect(row.seq).toBeGreaterThan(0);
    expect(Number.isSafeInteger(row.seq)).toBe(true);
    expect([await maxSeq(db, 'runs'), await maxSeq(db, 'steps')]).toEqual([row.seq, 0]);
    expect(await countRows(db)).toBe(2);
  });

  test('an id with NUL is not found, without an error', async () => {
    const [db] = await openPair(database);
    expect(await findThread(db, 'thread_\0')).toBeUndefined();
    expect(await findThread(db, 'thread_\uD800')).toBeUndefined();
    expect(await listMessages(db, '\0', { limit: 1, order: 'asc' })).toMatchObject({ rows: [] });
  });

  test('deleting a thread deletes its messages, runs and steps', async () => {
    const [db] = await openPair(database);
    await addThread(db, 'thread');
    const run = await addRun(db, 'run', { thread_id: 'thread' });
    await addMessage(db, 'msg', { thread_id: 'thread' });
    await insertTurn(db, run.id, 0, { items: [], usage: sumUsage([]) });
    await deleteThread(db, 'thread');
    expect(await countRows(db)).toBe(0);
    expect(await listTurns(db, run.id)).toEqual([]);
  });

  test('lists turns in order, and stores tool outputs in the last one', async () => {
    const [db] = await openPair(database);
    const run = await addRun(db, 'run');
    const usage = sumUsage([]);
    const [first, second] = [[{ a: 1 }], [{ b: 2 }]];
    await insertTurn(db, run.id, 0, { items: first, usage });
    const outputs = [{ tool_call_id: 'call_1', output: '\0' }];
    await answerLastTurn(db, run.id, outputs);
    await insertTurn(db, run.id, 1, { items: second, usage });
    expect(await listTurns(db, run.id)).toEqual([
      { items: first, outputs, usage },
      { items: second, outputs: null, usage },
    ]);
  });
}

/** Adds a metadata key to a thread. */
const addKey = (db: Database, key: string) =>
  transact(db, async (transaction) => {
    const row = await findThread(transaction, 'thread');
    if (row === undefined) throw new Error('gone');
    const body = threadBody(row);
    body.metadata[key] = key;
    await updateThread(transaction, row.id, body);
  });

function transactions(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('a failed transaction is rolled back', async () => {
    const [db] = await openPair(database);
    const work = transact(db, async (transaction) => {
      await addThread(transaction, 'thread');
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await countRows(db)).toBe(0);
  });

  test('concurrent read-modify-write transactions do not overwrite each other', async () => {
    const [one, other] = await openPair(database);
    await addThread(one, 'thread');
    const keys = Array.from({ length: 12 }, (_, index) => `k${index}`);
    await Promise.all(keys.map((key, index) => addKey(index % 2 === 0 ? one : other, key)));
    const row = await findThread(one, 'thread');
    expect(row && Object.keys(threadBody(row).metadata).toSorted()).toEqual(keys.toSorted());
  });
}

const copyOf = (db: Database, id: string) =>
  db.selectFrom('threads').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

function rawRows(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('insertRow does not overwrite a row, replaceRow does', async () => {
    const [db] = await openPair(database);
    await addThread(db, 'thread');
    const { seq, ...row } = await copyOf(db, 'thread');
    const copy = { table: 'threads', row: { ...row, created_at: 7 } } as const;
    expect(await insertRow(db, copy)).toBe(false);
    await replaceRow(db, copy);
    expect(await copyOf(db, 'thread')).toMatchObject({ seq, created_at: 7 });
    expect(await insertRow(db, { ...copy, row: { ...copy.row, id: 'new' } })).toBe(true);
  });

  test('children can be inserted before their parents, which must exist at the commit', async () => {
    const [db] = await openPair(database);
    const insertRun = (thread: string) =>
      transact(db, async (transaction) => {
        await deferReferences(transaction);
        await addMessage(transaction, 'msg', { thread_id: 'thread' });
        await addThread(transaction, thread);
      });
    await expect(insertRun('another')).rejects.toThrow(/foreign key/iu);
    expect(await countRows(db)).toBe(0);
    await insertRun('thread');
    expect(await countRows(db)).toBe(2);
  });

  testUnless(database.skipReason ?? database.singleConnection)(
    'a snapshot does not show later commits',
    async () => {
      const [one, other] = await openPair(database);
      await addThread(one, 'thread');
      await addMessage(one, 'msg', { thread_id: 'thread' });
      const counts = await readSnapshot(one, async (snapshot) => {
        const countBefore = await countRows(snapshot);
        await addThread(other, 'late');
        await deleteMessage(other, 'msg');
        return [countBefore, await countRows(snapshot)];
      });
      expect(counts).toEqual([2, 2]);
      expect(await findThread(one, 'late')).toBeDefined();
    },
  );

  test('a thread has one container, which is deleted with it', async () => {
    const [db] = await openPair(database);
    await addThread(db, 'thread');
    expect(await findContainer(db, 'thread')).toBeUndefined();
    await putContainer(db, 'thread', { id: 'cntr_1', file_ids: ['file-a'] });
    await putContainer(db, 'thread', { id: 'cntr_2', file_ids: [] });
    expect(await findContainer(db, 'thread')).toEqual({ id: 'cntr_2', file_ids: [] });
    await deleteContainer(db, 'thread');
    expect(await findContainer(db, 'thread')).toBeUndefined();
    await putContainer(db, 'thread', { id: 'cntr_3', file_ids: [] });
    await deleteThread(db, 'thread');
    expect(await findContainer(db, 'thread')).toBeUndefined();
  });

  test('lists steps by run', async () => {
    const [db] = await openPair(database);
    const run = await addRun(db, 'run');
    const { thread_id } = run;
    const details = { type: 'tool_calls' as const, tool_calls: [] };
    await insertStep(db, {
      id: 'step',
      created_at: now.seconds,
      thread_id,
      run_id: run.id,
      body: {
        assistant_id: 'asst_1',
        type: details.type,
        status: 'in_progress',
        cancelled_at: null,
        completed_at: null,
        expires_at: null,
        expired_at: null,
        failed_at: null,
        last_error: null,
        step_details: details,
        usage: null,
      },
    });
    expect(await idsOf(listSteps(db, run.id, { limit: 5, order: 'asc' }))).toBe('step');
    await deleteThread(db, thread_id);
    expect(await countRows(db)).toBe(0);
  });
}

/** The tests that every kind of database must pass. */
export function storeContract(database: TestedDatabase): void {
  describe(`the store in ${database.name}`, () => {
    pagesContract(database);
    values(database);
    transactions(database);
    rawRows(database);
    filesContract(database);
    fileContentsContract(database);
    keysContract(database);
    waitingContract(database);
    leaseContract(database);
    pruneContract(database);
  });
}
