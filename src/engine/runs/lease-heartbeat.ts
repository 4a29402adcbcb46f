import { unixSeconds } from '../../shared/clock.ts';
import type { EngineDeps } from '../options.ts';
import { capabilitiesOf } from '../store/capabilities.ts';
import { findLeased, renewLease } from '../store/leases.ts';
import type { RunRow } from '../store/schema.ts';
import type { Interruption } from './execution.ts';

/**
 * Milliseconds between two looks at a run under way, where other processes cannot say that they
 * cancelled it.
 */
const lookInterval = 1000;

/** A run that is being executed under the lease `token`, until it is `done`. */
interface GuardedExecution {
  readonly run: RunRow;
  readonly token: string;
  /** What breaks the execution off, with an {@link Interruption}. */
  readonly controller: AbortController;
  readonly done: AbortSignal;
}

/** Breaks the execution off when the run's time is over. */
export async function abortAtDeadline(
  { clock }: Pick<EngineDeps, 'clock'>,
  { run, controller, done }: GuardedExecution,
): Promise<void> {
  while (!done.aborted && unixSeconds(clock) < run.deadline) {
    await clock.sleep(run.deadline * 1000 - clock.now(), done);
  }
  if (!done.aborted) controller.abort('expired' satisfies Interruption);
}

/**
 * Keeps the lease, which is renewed when half of its `duration` in milliseconds is over, and notices
 * that another process cancelled the run or took it.
 */
export async function heartbeat(
  { db, clock, log }: Pick<EngineDeps, 'db' | 'clock' | 'log'>,
  { run: { id }, token, controller, done }: GuardedExecution,
  duration: number,
): Promise<void> {
  const half = duration / 2;
  const isTold = (capabilitiesOf(db)?.notifications ?? null) !== null;
  const looks = isTold ? 1 : Math.ceil(half / lookInterval);
  for (let look = 1; !done.aborted; look += 1) {
    await clock.sleep(half / looks, done);
    if (done.aborted) return;
    try {
      const status =
        look % looks === 0
          ? await renewLease(db, id, token, clock.now() + duration)
          : (await findLeased(db, id, token))?.status;
      if (status === undefined) controller.abort('lost' satisfies Interruption);
      else if (status === 'cancelling') controller.abort('cancelled' satisfies Interruption);
    } catch (error) {
      log.error('lease not renewed', { run_id: id, error: String(error) });
    }
  }
}
