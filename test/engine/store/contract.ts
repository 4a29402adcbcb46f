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
import { filesContract } from './files-contract.ts';
import { leaseContract } from './lease-contract.ts';
import { idsOf, pagesContract } from './pages-contract.ts';
import { opened, type Place, testOf } from './test-databases.ts';
import { pruneContract } from './prune-contract.ts';

function values(place: Place): void {
  const test = testOf(place.skip);

  test('text comes back as it was, whatever is in it', async () => {
    const [db] = await opened(place);
    await addThread(db, 'thread');
    const text = 'a\0b \uD800 \u{1F600} \u2028 "\\ é';
    await addMessage(db, 'msg', { thread_id: 'thread', text });
    const row = await findMessage(db, 'thread', 'msg');
    expect(JSON.parse(row?.body ?? '')).toEqual(messageWithText(text));
  });

  test('numbers come back as numbers, milliseconds too', async () => {
    const [db] = await opened(place);
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

  test('what cannot be stored as a name is not found, and no error', async () => {
    const [db] = await opened(place);
    expect(await findThread(db, 'thread_\0')).toBeUndefined();
    expect(await findThread(db, 'thread_\uD800')).toBeUndefined();
    expect(await listMessages(db, '\0', { limit: 1, order: 'asc' })).toMatchObject({ rows: [] });
  });

  test('a thread goes with all that belongs to it', async () => {
    const [db] = await opened(place);
    await addThread(db, 'thread');
    const run = await addRun(db, 'run', { thread_id: 'thread' });
    await addMessage(db, 'msg', { thread_id: 'thread' });
    await insertTurn(db, run.id, 0, { items: [], usage: sumUsage([]) });
    await deleteThread(db, 'thread');
    expect(await countRows(db)).toBe(0);
    expect(await listTurns(db, run.id)).toEqual([]);
  });

  test('turns come in order, and the last is the one that is answered', async () => {
    const [db] = await opened(place);
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

/** Reads a thread, and writes it with one key more. */
const addKey = (db: Database, key: string) =>
  transact(db, async (transaction) => {
    const row = await findThread(transaction, 'thread');
    if (row === undefined) throw new Error('gone');
    const body = threadBody(row);
    body.metadata[key] = key;
    await updateThread(transaction, row.id, body);
  });

function transactions(place: Place): void {
  const test = testOf(place.skip);

  test('a transaction that fails leaves nothing behind', async () => {
    const [db] = await opened(place);
    const work = transact(db, async (transaction) => {
      await addThread(transaction, 'thread');
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await countRows(db)).toBe(0);
  });

  test('changes that are made of what was read before do not overwrite each other', async () => {
    const [one, other] = await opened(place);
    await addThread(one, 'thread');
    const keys = Array.from({ length: 12 }, (_, index) => `k${index}`);
    await Promise.all(keys.map((key, index) => addKey(index % 2 === 0 ? one : other, key)));
    const row = await findThread(one, 'thread');
    expect(row && Object.keys(threadBody(row).metadata).toSorted()).toEqual(keys.toSorted());
  });
}

const copyOf = (db: Database, id: string) =>
  db.selectFrom('threads').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

function copies(place: Place): void {
  const test = testOf(place.skip);

  test('a copy takes no place that is taken, unless it replaces', async () => {
    const [db] = await opened(place);
    await addThread(db, 'thread');
    const { seq, ...row } = await copyOf(db, 'thread');
    const copy = { table: 'threads', row: { ...row, created_at: 7 } } as const;
    expect(await insertRow(db, copy)).toBe(false);
    await replaceRow(db, copy);
    expect(await copyOf(db, 'thread')).toMatchObject({ seq, created_at: 7 });
    expect(await insertRow(db, { ...copy, row: { ...copy.row, id: 'new' } })).toBe(true);
  });

  test('rows may come before those they belong to, if they come at all', async () => {
    const [db] = await opened(place);
    const bring = (thread: string) =>
      transact(db, async (transaction) => {
        await deferReferences(transaction);
        await addMessage(transaction, 'msg', { thread_id: 'thread' });
        await addThread(transaction, thread);
      });
    await expect(bring('another')).rejects.toThrow(/foreign key/iu);
    expect(await countRows(db)).toBe(0);
    await bring('thread');
    expect(await countRows(db)).toBe(2);
  });

  testOf(place.skip ?? place.single)('a snapshot stays as it is, whatever others do', async () => {
    const [one, other] = await opened(place);
    await addThread(one, 'thread');
    await addMessage(one, 'msg', { thread_id: 'thread' });
    const counts = await readSnapshot(one, async (snapshot) => {
      const before = await countRows(snapshot);
      await addThread(other, 'late');
      await deleteMessage(other, 'msg');
      return [before, await countRows(snapshot)];
    });
    expect(counts).toEqual([2, 2]);
    expect(await findThread(one, 'late')).toBeDefined();
  });

  test('a thread has one container, which goes with it', async () => {
    const [db] = await opened(place);
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

  test('steps are listed by run', async () => {
    const [db] = await opened(place);
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

/** What every place must do for the store. */
export function storeContract(place: Place): void {
  describe(`the store in ${place.name}`, () => {
    pagesContract(place);
    values(place);
    transactions(place);
    copies(place);
    filesContract(place);
    leaseContract(place);
    pruneContract(place);
  });
}
