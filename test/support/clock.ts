import type { Clock } from '../../src/shared/clock.ts';
import type { Ids } from '../../src/shared/ids.ts';
import { WriteAheadLog } from '../../src/engine/store/durability.ts';
import { pendingIo, trackCalls } from './pending-io.ts';

// `eventLoopTurn` waits for disk syncs, see pending-io.ts.
trackCalls(WriteAheadLog, 'sync');

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** How long one disk sync or query may take, in real time. */
const ioTimeoutMs = 10_000;

/** Turns of the event loop after which `waitUntil` gives up. */
const maxTurns = 2000;

/** A clock that changes only when the test advances it. */
export interface ManualClock extends Clock {
  /** Advances the time by `ms` milliseconds and resolves the sleeps that end on the way, in order. */
  advance(ms: number): Promise<void>;
}

/** Milliseconds: 1 790 000 000 seconds, as in the examples of the contract. */
export const start = 1_790_000_000_000;

/**
 * Turns the event loop until `rounds` turns in a row had no disk sync or query in progress, so that
 * everything that is ready has run. The clock does not advance.
 */
export async function eventLoopTurn(rounds = 10): Promise<void> {
  const startedAt = performance.now();
  for (let idleRounds = 0; idleRounds < rounds;) {
    await new Promise((resolve) => setImmediate(resolve));
    const pending = pendingIo();
    idleRounds = pending.length === 0 ? idleRounds + 1 : 0;
    if (performance.now() - startedAt > ioTimeoutMs && pending.length > 0) {
      throw new Error(`Still pending after ${ioTimeoutMs} ms: ${pending.join(', ')}`);
    }
  }
}

/** Turns the event loop until `condition` holds; rejects if it does not within `maxTurns`. */
export async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < maxTurns; turn += 1) {
    if (await condition()) return;
    await eventLoopTurn(1);
  }
  const source = condition.toString();
  throw new Error(`After ${maxTurns} turns of the event loop it is still false: ${source}`);
}

export function createClock(now = start): ManualClock {
  const sleepers = new Set<Sleeper>();

  const nextSleeper = (untilMs: number): Sleeper | undefined =>
    [...sleepers]
      .filter(({ dueMs }) => dueMs <= untilMs)
      .toSorted((one, other) => one.dueMs - other.dueMs)
      .at(0);

  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (ms <= 0 || signal?.aborted === true) return resolve();
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { dueMs: now + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
      }),
    async advance(ms) {
      const target = now + ms;
      await eventLoopTurn();
      for (let next = nextSleeper(target); next !== undefined; next = nextSleeper(target)) {
        now = Math.max(now, next.dueMs);
        next.wake();
        await eventLoopTurn();
      }
      now = target;
      await eventLoopTurn();
    },
  };
}

/** Consecutive ids in the real format, so that every test run has the same ones. */
export function createIds(): Ids {
  let count = 0;
  const nextDigits = (length: number, radix: number) => {
    count += 1;
    return count.toString(radix).padStart(length, '0');
  };
  return {
    newId: (prefix) => `${prefix}${nextDigits(24, 36)}`,
    newRequestId: () => `req_${nextDigits(32, 16)}`,
  };
}
