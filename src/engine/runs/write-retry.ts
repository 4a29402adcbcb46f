import type { EngineParts } from '../options.ts';
import { outageOf } from '../store/outage.ts';
import type { RunRow } from '../store/runs.ts';

/** Milliseconds between two attempts to write while the database is of no use. */
const outagePause = 2000;

/**
 * Writes what a run has come to, again and again while the database cannot be written: what a model
 * has said is not bought twice. `write` hears whether an earlier attempt may have succeeded.
 */
export async function writePatiently<T>(
  { clock, log }: Pick<EngineParts, 'clock' | 'log'>,
  { run, signal }: { readonly run: RunRow; readonly signal: AbortSignal },
  write: (isAgain: boolean) => Promise<T>,
): Promise<T> {
  for (let isAgain = false; ; isAgain = true) {
    try {
      return await write(isAgain);
    } catch (error) {
      const outage = outageOf(error);
      if (outage === null || signal.aborted) throw error;
      log.error('run waits for the database', { run_id: run.id, reason: outage });
      await clock.sleep(outagePause, signal);
    }
  }
}
