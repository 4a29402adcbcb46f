import { expect } from 'vitest';
import {
  addWaitingRequest,
  extendWaitingRequest,
  firstWaitingRequest,
  removeWaitingRequest,
} from '../../../src/engine/store/waiting-requests.ts';
import { openPair, type TestedDatabase, testUnless } from './test-databases.ts';

const hour = 3_600_000;

/** The table of requests that wait for a thread. */
export function waitingContract(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('requests wait in order, and those of a dead process only while they are valid', async () => {
    const [one, other] = await openPair(database);
    const dead = await addWaitingRequest(one, 'thread', { now: 0, validUntil: 10 });
    await addWaitingRequest(one, 'another thread', { now: 0, validUntil: 100 });
    const second = await addWaitingRequest(other, 'thread', { now: 0, validUntil: 10 });
    const third = await addWaitingRequest(one, 'thread', { now: 0, validUntil: 100 });
    expect(await firstWaitingRequest(other, 'thread', 9)).toBe(dead.seq);
    const extended = await extendWaitingRequest(other, second, 20);
    expect(extended).toEqual({ ...second, validUntil: 20 });
    expect(await firstWaitingRequest(one, 'thread', 10)).toBe(second.seq);
    await removeWaitingRequest(other, second);
    expect(await firstWaitingRequest(one, 'thread', 10)).toBe(third.seq);
    await removeWaitingRequest(one, third);
    expect(await firstWaitingRequest(one, 'thread', 10)).toBeUndefined();
  });

  test('what a dead process left is deleted an hour later', async () => {
    const [db] = await openPair(database);
    await addWaitingRequest(db, 'thread', { now: 0, validUntil: 10 });
    const count = async () => {
      const rows = await db.selectFrom('waiting_requests').select('seq').execute();
      return rows.length;
    };
    await addWaitingRequest(db, 'thread', { now: hour + 10, validUntil: 2 * hour });
    expect(await count()).toBe(2);
    await addWaitingRequest(db, 'thread', { now: hour + 11, validUntil: 2 * hour });
    expect(await count()).toBe(2);
  });
}
