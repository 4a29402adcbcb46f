import { unixSeconds } from '../../shared/clock.ts';
import type { EngineDeps } from '../options.ts';
import { cancelledRuns, claimableRuns, nextWakeup } from '../store/leases.ts';
import { runState, toRun, updateRun } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import type { Database } from '../store/schema.ts';
import type { Notifications } from '../store/capabilities.ts';
import { discardUnfinished, endRun, expireOverdueRuns, nowBoth, runSnapshot } from './end-run.ts';
import { capabilitiesOf } from '../store/capabilities.ts';
import { executeRun } from './execute-run.ts';
import { type Interruption } from './execution.ts';
import type { Emit } from '../events/event-bus.ts';
import { internalErrorEvent } from '../events/event-bus.ts';
import { abortAtDeadline, heartbeat } from './lease-heartbeat.ts';
import { PollBackoff } from './poll-backoff.ts';
import { transition } from '../run-state-machine.ts';
import type { WriteContext } from './step-writer.ts';

/** Milliseconds a claim holds without being renewed; a process that dies frees its runs after it. */
const defaultLease = 10_000;

interface Claim {
  readonly run: RunRow;
  /** The run as it was before. */
  readonly found: RunRow;
  /** Names the lease under which the run may be written. */
  readonly token: string;
}

interface Running {
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Executes runs. The database is the queue: a pass ends what is due or cancelled, then claims as
 * many runs as there is room for, oldest first, each under a lease that its execution renews.
 */
export class RunWorker {
  readonly #deps: EngineDeps;
  readonly #leaseDuration: number;
  readonly #executions = new Map<string, Running>();
  /** Changes on the way that will set a run going here. */
  readonly #accepting = new Set<Promise<unknown>>();
  #pass: Promise<void> = Promise.resolve();
  #loop: Promise<void> | null = null;
  #stopping = false;
  #alarm = new AbortController();
  readonly #signals: Notifications | null;
  readonly #lookout: PollBackoff;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    this.#signals = capabilitiesOf(deps.db)?.notifications ?? null;
    this.#lookout = new PollBackoff(this.#signals);
    this.#leaseDuration = deps.leaseDuration ?? defaultLease;
  }

  start(): void {
    if (this.#loop !== null) return;
    this.#loop = this.#run();
    this.#signals?.listen((signal) => this.#onNotification(signal));
  }

  /** Makes the loop look at the database now; does nothing before `start`. */
  wake(): void {
    this.#lookout.reset();
    this.#alarm.abort('wake');
  }

  /** Another process tells of a run to be executed, or of one to be stopped. */
  #onNotification(signal: string): void {
    const cancelled = /^cancelled (.*)$/u.exec(signal)?.[1];
    if (cancelled === undefined) this.wake();
    else this.interrupt(cancelled, 'cancelled');
  }

  /**
   * Makes a change that queues a run and, where this worker has room, takes the run in the same
   * transaction: it is executed in the process that streams it, at once. Answers the run as queued.
   */
  async enqueueAndClaim(
    change: (writeContext: Pick<WriteContext, 'db' | 'emit'>) => Promise<RunRow>,
  ): Promise<RunRow> {
    const hasRoom = this.#loop !== null && !this.#stopping && this.#freeSlots > 0;
    const accepting = this.#accept(change, hasRoom);
    const settled = accepting.catch(() => {});
    if (hasRoom) this.#accepting.add(settled);
    try {
      const { queued, claim } = await accepting;
      if (claim === null) this.wake();
      return queued;
    } finally {
      this.#accepting.delete(settled);
    }
  }

  async #accept(
    change: (writeContext: Pick<WriteContext, 'db' | 'emit'>) => Promise<RunRow>,
    hasRoom: boolean,
  ): Promise<{ queued: RunRow; claim: Claim | null }> {
    const { db: database, clock, ids, events } = this.#deps;
    const told = Promise.withResolvers<void>();
    const accept = async (db: Database, emit: Emit) => {
      const queued = await change({ db, emit });
      const claim = hasRoom ? await this.#leaseRun({ db, emit, clock, ids }, queued) : null;
      return { queued, claim };
    };
    const onCommit = ({ claim }: { readonly claim: Claim | null }) => {
      if (claim !== null) this.#execute(claim, told.promise);
    };
    return events.transactAndPublish(database, accept, { onCommit }).finally(told.resolve);
  }

  /** Breaks off the execution of a run, if it is this worker that executes it. */
  interrupt(run_id: string, interruption: Interruption): void {
    this.#executions.get(run_id)?.controller.abort(interruption);
  }

  /** One pass; passes never overlap. */
  tick(): Promise<void> {
    const pass = this.#pass.then(() => this.#poll());
    this.#pass = pass.catch(() => {});
    return pass;
  }

  /** Resolves when no run is being executed. */
  async idle(): Promise<void> {
    while (this.#executions.size > 0) {
      await Promise.all([...this.#executions.values()].map(({ ended }) => ended));
    }
  }

  /** Claims nothing more, gives running executions `graceMs` to end, and hands back the rest. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.wake();
    await this.#signals?.close();
    await this.#loop;
    await this.#pass;
    await Promise.all(this.#accepting);
    const timer = new AbortController();
    await Promise.race([this.idle(), this.#deps.clock.sleep(graceMs, timer.signal)]);
    timer.abort('settled');
    for (const run_id of this.#executions.keys()) this.interrupt(run_id, 'released');
    await this.idle();
  }

  get #freeSlots(): number {
    return this.#deps.concurrency - this.#executions.size - this.#accepting.size;
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#deps;
    while (!this.#stopping) {
      let left = Infinity;
      this.#alarm = new AbortController();
      try {
        await this.tick();
        left = await this.#untilDue();
      } catch (error) {
        log.error('worker pass failed', { error: String(error) });
      }
      await clock.sleep(this.#lookout.nextDelayMs(left), this.#alarm.signal);
    }
  }

  async #untilDue(): Promise<number> {
    const due = (await nextWakeup(this.#deps.db)) ?? Infinity;
    return due - this.#deps.clock.now();
  }

  async #poll(): Promise<void> {
    const { db, clock } = this.#deps;
    await expireOverdueRuns(this.#deps);
    if (this.#stopping) return;
    await this.#endCancelled();
    if (this.#freeSlots <= 0) return;
    if ((await claimableRuns(db, nowBoth(clock), this.#claimOptions)).length === 0) return;
    for (const claim of await this.#claim()) this.#execute(claim);
  }

  /** As many runs as there is room for. After the machine has slept a lease is over, but not the work. */
  get #claimOptions() {
    return { limit: Math.max(0, this.#freeSlots), except: [...this.#executions.keys()] };
  }

  /** Ends what is to be stopped and nobody executes; an execution ends its own run. */
  async #endCancelled(): Promise<void> {
    const { db, clock, ids, events } = this.#deps;
    if ((await cancelledRuns(db, nowBoth(clock))).length === 0) return;
    await events.transactAndPublish(db, async (transaction, emit) => {
      const writeContext = { db: transaction, emit, clock, ids };
      for (const run of await cancelledRuns(transaction, nowBoth(clock))) {
        if (!this.#executions.has(run.id)) await endRun(writeContext, run, 'stop');
      }
    });
  }

  #claim(): Promise<Claim[]> {
    const { db, clock, ids, events } = this.#deps;
    const claim = async (transaction: Database, emit: Emit) => {
      const writeContext = { db: transaction, emit, clock, ids };
      const made: Claim[] = [];
      for (const run of await claimableRuns(transaction, nowBoth(clock), this.#claimOptions)) {
        if (made.length < this.#freeSlots) made.push(await this.#leaseRun(writeContext, run));
      }
      return made;
    };
    return events.transactAndPublish(db, claim, { asyncCommit: true });
  }

  /** Leases a run to this worker: a queued one starts, one that lost its holder begins its turn anew. */
  async #leaseRun({ db, emit, clock, ids }: WriteContext, run: RunRow): Promise<Claim> {
    const isNew = run.status === 'queued';
    if (!isNew) await discardUnfinished(db, run);
    const token = ids.newId('lease_');
    const taken = await updateRun(db, run.id, {
      ...(isNew ? transition(runSnapshot(run), 'start', unixSeconds(clock)) : runSnapshot(run)),
      lease_token: token,
      lease_until: clock.now() + this.#leaseDuration,
    });
    if (isNew) emit(run.id, { event: 'thread.run.in_progress', data: toRun(taken) });
    return { run: taken, found: run, token };
  }

  /** What the execution has to tell comes after what is `told` of the run before. */
  #execute({ run, found, token }: Claim, told: Promise<void> = Promise.resolve()): void {
    const isNew = found.status === 'queued' && runState(found).started_at === null;
    this.#report(found, isNew);
    const controller = new AbortController();
    const done = new AbortController();
    const guarded = { run, token, controller, done: done.signal };
    const guards = [
      abortAtDeadline(this.#deps, guarded),
      heartbeat(this.#deps, guarded, this.#leaseDuration),
    ];
    const ended = this.#finish(
      run,
      executeRun(this.#deps, { run, token, isNew, told, signal: controller.signal }),
      () => {
        done.abort('done');
        return Promise.all(guards);
      },
    );
    this.#executions.set(run.id, { controller, ended });
  }

  /** Tells of a run that was just taken. */
  #report(found: RunRow, isNew: boolean): void {
    const { observer, clock } = this.#deps;
    if (isNew) observer?.runStarted(unixSeconds(clock) - found.created_at);
    else if (found.lease_token !== null) observer?.leaseTakenOver();
  }

  async #finish(run: RunRow, execution: Promise<void>, release: () => Promise<unknown>) {
    try {
      await execution;
    } catch (error) {
      const { log, events } = this.#deps;
      log.error('run not written', { run_id: run.id, error: String(error) });
      events.publish(run.id, internalErrorEvent);
    }
    await release();
    this.#executions.delete(run.id);
    this.wake();
  }
}
