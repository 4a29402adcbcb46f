import * as fc from 'fast-check';
import { expect } from 'vitest';
import { countRows } from '../../../src/engine/store/raw-rows.ts';
import { countInactive, noneDeleted, deleteInactive } from '../../../src/engine/store/prune.ts';
import type { Cursor } from '../../../src/engine/store/keyset-page.ts';
import type { Database } from '../../../src/engine/store/schema.ts';
import { activeStatuses } from '../../../src/shared/run-status.ts';
import { deleteThread, findThread } from '../../../src/engine/store/threads.ts';
import { transact } from '../../../src/engine/store/transaction.ts';
import { insertTurn, sumUsage } from '../../../src/engine/store/turns.ts';
import { addMessage, addRun, addThread, moveRun, now } from '../../support/store-rows.ts';
import { openPair, type TestedDatabase, testUnless } from './test-databases.ts';

const since = now.seconds - 100;

/** Seconds relative to `since`. */
const age = fc.integer({ min: -3, max: 3 });
const status = fc.constantFrom('completed', 'failed', 'cancelled', ...activeStatuses);
const someThread = fc.record({
  age,
  messages: fc.array(age, { maxLength: 3 }),
  runs: fc.array(fc.record({ age, status: fc.constantFrom('completed', 'expired') }), {
    maxLength: 2,
  }),
  last: fc.option(fc.record({ age, status })),
});
type Thread = typeof someThread extends fc.Arbitrary<infer T> ? T : never;

const runsOf = ({ runs, last }: Thread) => [...runs, ...(last === null ? [] : [last])];

const hasActiveRun = (thread: Thread) =>
  runsOf(thread).some((run) => activeStatuses.some((active) => active === run.status));

const isInactive = (thread: Thread) =>
  !hasActiveRun(thread) &&
  Math.max(thread.age, ...thread.messages, ...runsOf(thread).map((run) => run.age)) <= 0;

async function fill(db: Database, threads: readonly Thread[]): Promise<void> {
  for (const [index, generated] of threads.entries()) {
    const thread_id = `thread_${index}`;
    await addThread(db, thread_id, since + generated.age);
    for (const [number, offset] of generated.messages.entries()) {
      await addMessage(db, `msg_${index}_${number}`, { thread_id, created_at: since + offset });
    }
    for (const [number, run] of runsOf(generated).entries()) {
      const row = await addRun(db, `run_${index}_${number}`, {
        thread_id,
        created_at: since + run.age,
      });
      await insertTurn(db, row.id, 0, { items: [], usage: sumUsage([]) });
      await moveRun(db, row, run.status);
    }
  }
}

async function removeAll(db: Database, limit: number) {
  const removed = { ...noneDeleted };
  let after: Cursor | null = null;
  do {
    const page: Awaited<ReturnType<typeof deleteInactive>> = await deleteInactive(db, since, {
      limit,
      ...(after && { after }),
    });
    removed.threads += page.threads;
    removed.messages += page.messages;
    removed.runs += page.runs;
    expect(page.threads).toBeLessThanOrEqual(limit);
    after = page.last;
  } while (after !== null);
  return removed;
}

const idsIn = async (db: Database) =>
  (await db.selectFrom('threads').select('id').execute()).map(({ id }) => id).toSorted();

/** The tests of pruning. */
export function pruneContract(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('deletes inactive threads, and none with an active run or anything newer', async () => {
    const [db] = await openPair(database);
    const threads = fc.array(someThread, { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(threads, fc.integer({ min: 1, max: 4 }), async (generated, limit) => {
        await fill(db, generated);
        const ids = generated.map((_, index) => `thread_${index}`);
        const inactive = generated.filter(isInactive);
        const expected = {
          ...noneDeleted,
          threads: inactive.length,
          messages: inactive.flatMap(({ messages }) => messages).length,
          runs: inactive.flatMap(runsOf).length,
        };
        expect(await countInactive(db, since)).toEqual(expected);
        expect(await removeAll(db, limit)).toEqual(expected);
        const remaining = ids.filter(
          (_, index) => generated[index] && !isInactive(generated[index]),
        );
        expect(await idsIn(db)).toEqual(remaining.toSorted());
        for (const id of remaining) await deleteThread(db, id);
        expect(await countRows(db)).toBe(0);
      }),
      { numRuns: 15 },
    );
  });

  testUnless(database.skipReason ?? database.singleConnection)(
    'what somebody else is about to add keeps its thread',
    async () => {
      const [one, other] = await openPair(database);
      await addThread(one, 'thread', since);
      await addThread(one, 'still', since);
      const looked = Promise.withResolvers<void>();
      const pruned = Promise.withResolvers<void>();
      const adding = transact(other, async (db) => {
        await findThread(db, 'thread');
        looked.resolve();
        await pruned.promise;
        await addMessage(db, 'late', { thread_id: 'thread' });
      });
      await looked.promise;
      const removing = removeAll(one, 10);
      pruned.resolve();
      await adding;
      expect(await removing).toEqual({ ...noneDeleted, threads: 1 });
      expect(await idsIn(one)).toEqual(['thread']);
    },
  );
}
