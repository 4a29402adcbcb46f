import type { EngineDeps } from '../options.ts';
import { unavailableReason } from '../store/errors.ts';
import type { RunRow } from '../store/schema.ts';

const retryDelayMs = 2000;

/**
 * Repeats a write while the database is unavailable, so that no model call is paid for twice.
 * With `isRetry`, an earlier attempt may have been committed. Throws every other error at once.
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
      const reason = unavailableReason(error);
      if (reason === null || signal.aborted) throw error;
      log.error('run waits for the database', { run_id: run.id, reason });
      await clock.sleep(retryDelayMs, signal);
    }
  }
}
