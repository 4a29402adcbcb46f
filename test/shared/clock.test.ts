import { expect, onTestFinished, test, vi } from 'vitest';
import { unixSeconds, systemClock, yieldToOthers } from '../../src/shared/clock.ts';
import { randomIds } from '../../src/shared/ids.ts';
import { createClock, createIds } from '../support/clock.ts';

test('unixSeconds rounds down to whole seconds', () => {
  expect(unixSeconds(createClock(1_790_000_000_999))).toBe(1_790_000_000);
});

test.each([
  ['random', randomIds],
  ['consecutive', createIds()],
])('%s ids have the format of the contract', (_, ids) => {
  const created = Array.from({ length: 50 }, () => ids.newId('run_'));
  for (const id of created) expect(id).toMatch(/^run_[0-9A-Za-z]{24}$/u);
  expect(new Set(created).size).toBe(50);
  expect(ids.newRequestId()).toMatch(/^req_[0-9a-f]{32}$/u);
});

test('the system clock’s sleep resolves at once when its signal aborts, before or during it', async () => {
  await systemClock.sleep(1_000_000, AbortSignal.abort());
  const controller = new AbortController();
  const slept = systemClock.sleep(2 ** 40, controller.signal);
  controller.abort();
  await expect(slept).resolves.toBeUndefined();
});

test('the system clock tells the time and resolves a sleep of 0 ms', async () => {
  const before = systemClock.now();
  await systemClock.sleep(0);
  expect(systemClock.now()).toBeGreaterThanOrEqual(before);
  expect(before).toBeGreaterThan(1_790_000_000_000 / 2);
});

test('the manual clock resolves sleeps in order, also those started on the way', async () => {
  const clock = createClock(0);
  const woken: string[] = [];
  const sleep = async (name: string, ms: number) => {
    await clock.sleep(ms);
    woken.push(`${name} at ${clock.now()}`);
  };
  void sleep('late', 300).then(() => sleep('later', 100));
  void sleep('early', 100);
  await clock.advance(250);
  expect(woken).toEqual(['early at 100']);
  await clock.advance(250);
  expect(woken).toEqual(['early at 100', 'late at 300', 'later at 400']);
});

test.each([
  ['long work waits for the next turn of the event loop', 30, ['a', 'turn', 'b', 'turn', 'turn']],
  ['short work shares a turn of the event loop', 10, ['a', 'b', 'turn', 'turn', 'turn']],
])('%s if other work has yielded too', async (_, workMs, order) => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => void vi.restoreAllMocks());
  const done: string[] = [];
  const work = async (name: string) => {
    await yieldToOthers();
    now += workMs;
    done.push(name);
  };
  const countTurns = async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      done.push('turn');
    }
  };
  await Promise.all([work('a'), work('b'), countTurns()]);
  expect(done).toEqual(order);
});
