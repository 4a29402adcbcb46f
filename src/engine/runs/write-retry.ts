import type { EngineDeps } from '../options.ts';
import { unavailableReason } from '../store/errors.ts';
import type { RunRow } from '../store/schema.ts';

/** Milliseconds between two attempts to write while the database is of no use. */
const outagePause = 2000;

/**
 * Writes what a run has come to, again and again while the database cannot be written: what a model
 * has said is not bought twice. `write` hears whether an earlier attempt may have succeeded.
 */
export async function retryWhileUnavailable<T>(
  { clock, log }: Pick<EngineDeps, 'clock' | 'log'>,
  { run, signal }: { readonly run: RunRow; readonly signal: AbortSignal },
  write: (isRetry: boolean) => Promise<T>,
): Promise<T> {
  for (let isRetry = false; ; isRetry = true) {
    try {
      return await write(isRetry);
    } catch (error) {
      const outage = unavailableReason(error);
      if (outage === null || signal.aborted) throw error;
      log.error('run waits for the database', { run_id: run.id, reason: outage });
      await clock.sleep(outagePause, signal);
    }
  }
}
