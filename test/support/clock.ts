import type { Clock } from '../../src/shared/clock.ts';
import type { Ids } from '../../src/shared/ids.ts';
import { WriteAheadLog } from '../../src/engine/store/durability.ts';
import { hasPendingIo, trackPending } from './pending-io.ts';

trackPending(WriteAheadLog.prototype, 'sync');

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/** A clock that stands still until the test moves it. */
export interface ManualClock extends Clock {
  /** Moves the time on by `ms` milliseconds, waking in order whoever is due on the way. */
  advance(ms: number): Promise<void>;
}

/** 1 790 000 000 seconds, the creation second of the contract's worked examples. */
export const start = 1_790_000_000_000;

/**
 * Lets everything that is ready run, and what it asks of a disk or a database's server come back: several
 * turns of the event loop, no time.
 */
export async function eventLoopTurn(rounds = 10): Promise<void> {
  for (let quiet = 0; quiet < rounds; quiet = hasPendingIo() ? 0 : quiet + 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Turns the event loop until `condition` holds; fails when it never does. */
export async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let round = 0; round < 2000; round += 1) {
    if (await condition()) return;
    await eventLoopTurn(1);
  }
  throw new Error('what the test waits for did not happen');
}

export function createClock(now = start): ManualClock {
  const sleepers = new Set<Sleeper>();

  const nextDue = (limit: number): Sleeper | undefined =>
    [...sleepers]
      .filter(({ due }) => due <= limit)
      .toSorted((one, other) => one.due - other.due)
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
        const sleeper: Sleeper = { due: now + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
      }),
    async advance(ms) {
      const target = now + ms;
      await eventLoopTurn();
      for (let next = nextDue(target); next !== undefined; next = nextDue(target)) {
        now = Math.max(now, next.due);
        next.wake();
        await eventLoopTurn();
      }
      now = target;
      await eventLoopTurn();
    },
  };
}

/** Identifiers of the real shapes that count up, so that a failing test reads the same twice. */
export function createIds(): Ids {
  let count = 0;
  const next = (length: number, radix: number) => {
    count += 1;
    return count.toString(radix).padStart(length, '0');
  };
  return {
    newId: (prefix) => `${prefix}${next(24, 36)}`,
    newRequestId: () => `req_${next(32, 16)}`,
  };
}
