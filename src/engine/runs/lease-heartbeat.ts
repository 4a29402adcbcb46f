import { unixSeconds } from '../../shared/clock.ts';
import type { EngineDeps } from '../options.ts';
import { capabilitiesOf } from '../store/capabilities.ts';
import { findLeased, renewLease } from '../store/leases.ts';
import type { RunRow } from '../store/schema.ts';
import type { Interruption } from './execution.ts';

/** How often an execution checks for a cancel where the database sends no notifications. */
const cancelPollMs = 1000;

/** A run that is executed under the lease `token` until `done` aborts. */
interface GuardedExecution {
  readonly run: RunRow;
  readonly token: string;
  /** Aborts the execution, with an {@link Interruption} as the reason. */
  readonly controller: AbortController;
  readonly done: AbortSignal;
  /** Called with the new end of the lease, in milliseconds since the epoch. */
  readonly onRenewed: (until: number) => void;
}

/** Aborts the execution at the run's deadline. */
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
 * Renews the lease each time half of it has passed. Aborts the execution when another process
 * cancelled the run or took the lease.
 */
export async function heartbeat(
  { db, clock, log }: Pick<EngineDeps, 'db' | 'clock' | 'log'>,
  { run, token, controller, done, onRenewed }: GuardedExecution,
  leaseMs: number,
): Promise<void> {
  const renewEveryMs = leaseMs / 2;
  const hasNotifications = (capabilitiesOf(db)?.notifications ?? null) !== null;
  const pollsPerRenewal = hasNotifications ? 1 : Math.ceil(renewEveryMs / cancelPollMs);
  for (let poll = 1; !done.aborted; poll += 1) {
    await clock.sleep(renewEveryMs / pollsPerRenewal, done);
    if (done.aborted) return;
    try {
      const isRenewal = poll % pollsPerRenewal === 0;
      const until = clock.now() + leaseMs;
      const status = isRenewal
        ? await renewLease(db, run.id, token, until)
        : (await findLeased(db, run, token))?.status;
      if (isRenewal && status !== undefined) onRenewed(until);
      if (status === undefined) controller.abort('lost' satisfies Interruption);
      else if (status === 'cancelling') controller.abort('cancelled' satisfies Interruption);
    } catch (error) {
      log.error('lease not renewed', { run_id: run.id, error: String(error) });
    }
  }
}
