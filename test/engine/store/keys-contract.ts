import { expect, vi } from 'vitest';
import {
  cleanUpKeys,
  findKey,
  saveFirstAnswer,
  takeKey,
} from '../../../src/engine/store/idempotency-keys.ts';
import type { Database } from '../../../src/engine/store/schema.ts';
import { deleteThread } from '../../../src/engine/store/threads.ts';
import { transact } from '../../../src/engine/store/transaction.ts';
import type { Log } from '../../../src/shared/log.ts';
import { createClock } from '../../support/clock.ts';
import { addThread, now } from '../../support/store-rows.ts';
import { openPair, type TestedDatabase, testUnless } from './test-databases.ts';

const day = 24 * 60 * 60;
const key = (id: string, created_at = now.seconds) => ({ id, body_hash: 'hash', created_at });

/** One pass of the clean-up. */
async function cleanUp(db: Database, seconds: number): Promise<void> {
  const passed = new AbortController();
  const log = { error: vi.fn<Log['error']>() };
  const done = cleanUpKeys({ db, clock: createClock(seconds * 1000), log }, passed.signal);
  passed.abort('passed');
  await done;
  expect(log.error).not.toHaveBeenCalled();
}

/** The table of Idempotency-Keys. */
export function keysContract(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('keys are deleted after 24 hours, and with their thread', async () => {
    const [db] = await openPair(database);
    await addThread(db, 'thread');
    for (const [id, thread_id] of [
      ['lasting', null],
      ['of the thread', 'thread'],
    ] as const) {
      expect(await transact(db, (one) => takeKey(one, key(id)))).toBe(true);
      await saveFirstAnswer(db, id, { thread_id, object: '{}', skipped_events: 3 });
    }
    expect(await findKey(db, key('of the thread'))).toMatchObject({ skipped_events: 3 });
    await deleteThread(db, 'thread');
    expect(await findKey(db, key('of the thread'))).toBeUndefined();
    await cleanUp(db, now.seconds + day - 1);
    expect(await findKey(db, key('lasting'))).toBeDefined();
    await cleanUp(db, now.seconds + day);
    expect(await findKey(db, key('lasting'))).toBeUndefined();
  });

  testUnless(database.skipReason ?? database.singleConnection)(
    'a key waits for the transaction that has it, and is free if that fails',
    async () => {
      const [one, other] = await openPair(database);
      for (const isUndone of [true, false]) {
        const taken = Promise.withResolvers<void>();
        const mayEnd = Promise.withResolvers<void>();
        const first = transact(one, async (db) => {
          await takeKey(db, key('a'));
          taken.resolve();
          await mayEnd.promise;
          if (isUndone) throw new Error('undone');
        });
        const outcome = first.catch(() => 'undone');
        await taken.promise;
        const second = transact(other, (db) => takeKey(db, key('a')));
        mayEnd.resolve();
        expect(await outcome).toBe(isUndone ? 'undone' : undefined);
        expect(await second).toBe(isUndone);
        await other.deleteFrom('idempotency_keys').execute();
      }
    },
  );
}
