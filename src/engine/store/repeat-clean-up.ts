import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import { unavailableReason } from './errors.ts';
import type { Database } from './schema.ts';

/** What every clean-up needs. */
export interface CleanUpDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Pick<Log, 'error'>;
}

interface CleanUp {
  /** What is cleaned up, in the plural. */
  readonly name: string;
  /** Default: none. */
  readonly firstDelayMs?: number;
  readonly intervalMs: number;
  readonly run: () => Promise<void>;
}

/** Repeats a clean-up. Resolves when `signal` aborts; never rejects. */
export async function repeatCleanUp(
  { clock, log }: Omit<CleanUpDeps, 'db'>,
  { name, firstDelayMs = 0, intervalMs, run }: CleanUp,
  signal: AbortSignal,
): Promise<void> {
  if (firstDelayMs > 0) await clock.sleep(firstDelayMs, signal);
  while (!signal.aborted) {
    await run().catch((error: unknown) => {
      // A database that is unavailable is reported elsewhere; the next attempt may succeed.
      if (unavailableReason(error) !== null) return;
      log.error('cleaning up failed', { what: name, error });
    });
    await clock.sleep(intervalMs, signal);
  }
}
