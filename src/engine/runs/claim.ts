import { unixSeconds } from '../../shared/clock.ts';
import type { Emit } from '../events/event-bus.ts';
import type { EngineDeps } from '../options.ts';
import { transition } from '../run-state-machine.ts';
import {
  cancelledRuns,
  claimableRuns,
  hasCancelledRuns,
  hasClaimableRuns,
} from '../store/leases.ts';
import { toRun, updateRun } from '../store/runs.ts';
import type { Database, RunRow } from '../store/schema.ts';
import { discardUnfinished, endRun, nowBoth, runSnapshot } from './end-run.ts';
import type { WriteContext } from './step-writer.ts';

/** A run leased to this worker. */
export interface Claim {
  readonly run: RunRow;
  /** The run before it was claimed. */
  readonly previous: RunRow;
  /** Names the lease: only its holder may write the run. */
  readonly token: string;
}

/** What a worker is doing at the moment; it changes while a claim waits for its transaction. */
export interface WorkerLoad {
  freeSlots(): number;
  /** Not claimable even after their lease lapsed, which happens when the machine sleeps. */
  executingIds(): readonly string[];
}

const claimOptions = (load: WorkerLoad) => ({
  limit: Math.max(0, load.freeSlots()),
  except: load.executingIds(),
});

/** Leases a run: a queued run starts; a run whose holder lost its lease repeats its model call. */
export async function leaseRun(
  { db, emit, clock, ids }: WriteContext,
  previous: RunRow,
  leaseMs: number,
): Promise<Claim> {
  const isQueued = previous.status === 'queued';
  if (!isQueued) await discardUnfinished(db, previous);
  const token = ids.newId('lease_');
  const snapshot = runSnapshot(previous);
  const run = await updateRun(db, previous, {
    ...(isQueued ? transition(snapshot, 'start', unixSeconds(clock)) : snapshot),
    lease_token: token,
    lease_until: clock.now() + leaseMs,
  });
  if (isQueued) emit(run.id, { event: 'thread.run.in_progress', data: toRun(run) });
  return { run, previous, token };
}

/** Claims as many runs as the worker has free slots, oldest first. */
export async function claimRuns(
  { db, clock, ids, events }: EngineDeps,
  load: WorkerLoad,
  leaseMs: number,
): Promise<Claim[]> {
  if (load.freeSlots() <= 0) return [];
  if (!(await hasClaimableRuns(db, nowBoth(clock), claimOptions(load)))) return [];
  const claimAll = async (transaction: Database, emit: Emit) => {
    const writeContext = { db: transaction, emit, clock, ids };
    const claims: Claim[] = [];
    for (const run of await claimableRuns(transaction, nowBoth(clock), claimOptions(load))) {
      if (claims.length < load.freeSlots()) claims.push(await leaseRun(writeContext, run, leaseMs));
    }
    return claims;
  };
  return events.transactAndPublish(db, claimAll, { asyncCommit: true });
}

/** Ends cancelled runs that nobody executes; an execution ends its own run. */
export async function endCancelledRuns(
  { db, clock, ids, events }: EngineDeps,
  isExecuting: (run_id: string) => boolean,
): Promise<void> {
  if (!(await hasCancelledRuns(db, nowBoth(clock)))) return;
  await events.transactAndPublish(db, async (transaction, emit) => {
    const writeContext = { db: transaction, emit, clock, ids };
    for (const run of await cancelledRuns(transaction, nowBoth(clock))) {
      if (!isExecuting(run.id)) await endRun(writeContext, run, 'stop');
    }
  });
}
