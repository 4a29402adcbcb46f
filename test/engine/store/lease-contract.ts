import { expect } from 'vitest';
import {
  cancelledRuns,
  claimableRuns,
  overdueRuns,
  findLeased,
  nextWakeup,
  renewLease,
} from '../../../src/engine/store/leases.ts';
import { findActiveRun } from '../../../src/engine/store/runs.ts';
import { type Database, type RunRow } from '../../../src/engine/store/schema.ts';
import { transact } from '../../../src/engine/store/transaction.ts';
import { addRun, addThread, moveRun, now } from '../../support/store-rows.ts';
import { openPair, type TestedDatabase, testUnless } from './test-databases.ts';

const idsOf = (rows: readonly RunRow[]) => rows.map(({ id }) => id).join(' ');
const lease = (lease_token: string, ms = 10_000) => ({
  lease_token,
  lease_until: now.milliseconds + ms,
});

/** Claims up to `limit` runs as a worker does; resolves to their ids. */
const claim = (db: Database, worker: string, limit: number): Promise<string[]> =>
  transact(db, async (transaction) => {
    const runs = await claimableRuns(transaction, now, { limit, except: [] });
    for (const run of runs) await moveRun(transaction, run, 'in_progress', lease(worker));
    return runs.map(({ id }) => id);
  });

/** The tests of the run queue. */
export function leaseContract(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('a thread never has two active runs', async () => {
    const [one, other] = await openPair(database);
    await addThread(one, 'thread');
    const run = await addRun(one, 'first', { thread_id: 'thread' });
    await expect(addRun(other, 'second', { thread_id: 'thread' })).rejects.toThrow(/unique/iu);
    await moveRun(one, run, 'completed');
    await addRun(other, 'third', { thread_id: 'thread' });
    expect((await findActiveRun(one, 'thread'))?.id).toBe('third');
  });

  test('claims runs oldest first, except leased, waiting and ended ones', async () => {
    const [db] = await openPair(database);
    const old = now.seconds - 10;
    await addRun(db, 'young');
    await addRun(db, 'old', { created_at: old });
    await addRun(db, 'same', { created_at: old });
    await addRun(db, 'held', { created_at: old, ...lease('a') });
    await addRun(db, 'lapsed', { created_at: old, ...lease('a', 0) });
    await addRun(db, 'due', { created_at: old, deadline: now.seconds });
    await moveRun(db, await addRun(db, 'done'), 'completed');
    await moveRun(db, await addRun(db, 'waiting'), 'requires_action');
    await moveRun(db, await addRun(db, 'stopping', { deadline: now.seconds }), 'cancelling');
    await moveRun(db, await addRun(db, 'stopped elsewhere'), 'cancelling', lease('a'));
    const claimable = async (limit: number, except: string[] = []) =>
      idsOf(await claimableRuns(db, now, { limit, except }));
    expect(await claimable(10)).toBe('old same lapsed young');
    expect(idsOf(await cancelledRuns(db, now))).toBe('stopping');
    expect(await claimable(2)).toBe('old same');
    expect(await claimable(2, ['old', 'lapsed'])).toBe('same young');
  });

  test('runs past their deadline are overdue, except leased ones', async () => {
    const [db] = await openPair(database);
    expect(await nextWakeup(db)).toBeUndefined();
    const deadline = now.seconds;
    const due = await addRun(db, 'due', { deadline });
    await moveRun(db, await addRun(db, 'waiting', { deadline }), 'requires_action');
    await addRun(db, 'held', { deadline, ...lease('a') });
    await addRun(db, 'later', { deadline: deadline + 1 });
    await moveRun(db, await addRun(db, 'done', { deadline }), 'completed');
    expect(idsOf(await overdueRuns(db, now))).toBe('due waiting');
    expect(idsOf(await overdueRuns(db, now, due.thread_id))).toBe('due');
  });

  test('the next wake-up is the earliest deadline or end of a lease', async () => {
    const [db] = await openPair(database);
    const run = await addRun(db, 'run');
    await addRun(db, 'other', { deadline: now.seconds + 300 });
    expect(await nextWakeup(db)).toBe(now.milliseconds + 300_000);
    await moveRun(db, run, 'in_progress', lease('a'));
    expect(await nextWakeup(db)).toBe(now.milliseconds + 10_000);
    await moveRun(db, run, 'completed');
    expect(await nextWakeup(db)).toBe(now.milliseconds + 300_000);
  });

  test('a lease can be renewed until another worker has it', async () => {
    const [one, other] = await openPair(database);
    const run = await addRun(one, 'run', lease('a'));
    expect(await renewLease(one, 'run', 'a', now.milliseconds + 20_000)).toBe('queued');
    expect((await findLeased(other, run, 'a'))?.lease_until).toBe(now.milliseconds + 20_000);
    await moveRun(other, run, 'in_progress', lease('b'));
    expect(await renewLease(one, 'run', 'a', now.milliseconds + 30_000)).toBeUndefined();
    expect(await findLeased(one, run, 'a')).toBeUndefined();
  });

  test('workers that claim at the same time get different runs', async () => {
    const [one, other] = await openPair(database);
    const ids = Array.from({ length: 20 }, (_, index) => `run_${index + 10}`);
    for (const id of ids) await addRun(one, id);
    const workers = Array.from({ length: 8 }, (_, index) =>
      claim(index % 2 === 0 ? one : other, `worker ${index}`, 5),
    );
    const first = (await Promise.all(workers)).flat();
    const others = await claim(one, 'last', 20);
    expect([...first, ...others].toSorted()).toEqual(ids);
  });
}
