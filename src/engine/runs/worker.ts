import { unixSeconds } from '../../shared/clock.ts';
import { type Emit, internalErrorEvent } from '../events/event-bus.ts';
import type { EngineDeps } from '../options.ts';
import { capabilitiesOf } from '../store/capabilities.ts';
import { nextWakeup } from '../store/leases.ts';
import type { Notifications } from '../store/notifications.ts';
import { createPollBackoff, type PollBackoff } from '../store/poll-backoff.ts';
import { runState } from '../store/runs.ts';
import type { Database, RunRow } from '../store/schema.ts';
import { type Claim, claimRuns, endCancelledRuns, leaseRun } from './claim.ts';
import { expireOverdueRuns } from './end-run.ts';
import { executeRun } from './execute-run.ts';
import type { Interruption } from './execution.ts';
import type { HeldLease } from './lease-keeper.ts';
import { abortAtDeadline, heartbeat } from './lease-heartbeat.ts';
import type { WriteContext } from './step-writer.ts';

/** How long a lease lasts without a heartbeat; then another process may claim the run. */
const defaultLeaseMs = 10_000;

type QueueRun = (writeContext: Pick<WriteContext, 'db' | 'emit'>) => Promise<RunRow>;

interface RunningExecution {
  readonly controller: AbortController;
  lease: HeldLease;
  readonly ended: Promise<void>;
}

/**
 * Executes runs, with the database as the queue. Each pass ends overdue and cancelled runs, then
 * claims queued runs for the free slots, oldest first. Executions renew the lease of their run.
 */
export class RunWorker {
  readonly #deps: EngineDeps;
  readonly #leaseMs: number;
  readonly #notifications: Notifications | null;
  readonly #pollBackoff: PollBackoff;
  readonly #executions = new Map<string, RunningExecution>();
  /** Transactions under way that will claim their run for this worker; each takes a slot. */
  readonly #enqueuing = new Set<Promise<unknown>>();
  #lastPass: Promise<void> = Promise.resolve();
  #loop: Promise<void> | null = null;
  #stopping = false;
  #wakeup = new AbortController();

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    this.#leaseMs = deps.leaseMs ?? defaultLeaseMs;
    this.#notifications = capabilitiesOf(deps.db)?.notifications ?? null;
    this.#pollBackoff = createPollBackoff(this.#notifications);
  }

  start(): void {
    if (this.#loop !== null) return;
    this.#loop = this.#pollUntilStopped();
    this.#notifications?.listen((notification) => this.#onNotification(notification));
  }

  /** Polls the database now; does nothing before `start`. */
  wake(): void {
    this.#pollBackoff.reset();
    this.#wakeup.abort('wake');
  }

  /** Another process queued a run, or cancelled one that may be executed here. */
  #onNotification(notification: string): void {
    const cancelled = /^cancelled (.*)$/u.exec(notification)?.[1];
    if (cancelled === undefined) this.wake();
    else this.interrupt(cancelled, 'cancelled');
  }

  /**
   * Runs a change that queues a run. If a slot is free, claims the run in the same transaction, so
   * that the process that streams a run also executes it. Resolves to the run as queued.
   */
  async enqueueAndClaim(queueRun: QueueRun): Promise<RunRow> {
    await this.#deps.clock.synchronize();
    const hasSlot = this.#loop !== null && !this.#stopping && this.#freeSlots > 0;
    const enqueued = this.#enqueue(queueRun, hasSlot);
    const finished = enqueued.catch(() => {});
    if (hasSlot) this.#enqueuing.add(finished);
    try {
      const { queued, claim } = await enqueued;
      if (claim === null) this.wake();
      return queued;
    } finally {
      this.#enqueuing.delete(finished);
    }
  }

  async #enqueue(
    queueRun: QueueRun,
    canClaim: boolean,
  ): Promise<{ queued: RunRow; claim: Claim | null }> {
    const { db: database, clock, ids, events } = this.#deps;
    const published = Promise.withResolvers<void>();
    const enqueue = async (db: Database, emit: Emit) => {
      const queued = await queueRun({ db, emit });
      const writeContext = { db, emit, clock, ids };
      const claim = canClaim ? await leaseRun(writeContext, queued, this.#leaseMs) : null;
      return { queued, claim };
    };
    const onCommit = ({ claim }: { readonly claim: Claim | null }) => {
      if (claim !== null) this.#execute(claim, published.promise);
    };
    return events.transactAndPublish(database, enqueue, { onCommit }).finally(published.resolve);
  }

  /** Aborts the execution of a run, if this worker executes it. */
  interrupt(run_id: string, interruption: Interruption): void {
    this.#executions.get(run_id)?.controller.abort(interruption);
  }

  /** Runs one pass; passes never overlap. */
  tick(): Promise<void> {
    const pass = this.#lastPass.then(() => this.#poll());
    this.#lastPass = pass.catch(() => {});
    return pass;
  }

  /** Resolves when this worker executes no run. */
  async idle(): Promise<void> {
    while (this.#executions.size > 0) {
      await Promise.all([...this.#executions.values()].map(({ ended }) => ended));
    }
  }

  /** Stops claiming, gives running executions `graceMs` to end, and releases the others. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.wake();
    await this.#notifications?.close();
    await this.#loop;
    await this.#lastPass;
    await Promise.all(this.#enqueuing);
    const timer = new AbortController();
    await Promise.race([this.idle(), this.#deps.clock.sleep(graceMs, timer.signal)]);
    timer.abort('idle');
    for (const run_id of this.#executions.keys()) this.interrupt(run_id, 'released');
    await this.idle();
    await this.#deps.leaseKeeper?.stop();
  }

  get #freeSlots(): number {
    return this.#deps.concurrency - this.#executions.size - this.#enqueuing.size;
  }

  async #pollUntilStopped(): Promise<void> {
    const { db, clock, log } = this.#deps;
    while (!this.#stopping) {
      let untilDueMs = Infinity;
      this.#wakeup = new AbortController();
      try {
        await this.tick();
        untilDueMs = ((await nextWakeup(db)) ?? Infinity) - clock.now();
      } catch (error) {
        log.error('worker pass failed', { error: String(error) });
      }
      await clock.sleep(this.#pollBackoff.nextDelayMs(untilDueMs), this.#wakeup.signal);
    }
  }

  async #poll(): Promise<void> {
    await this.#deps.clock.synchronize();
    await expireOverdueRuns(this.#deps);
    if (this.#stopping) return;
    await endCancelledRuns(this.#deps, (run_id) => this.#executions.has(run_id));
    const load = {
      freeSlots: () => this.#freeSlots,
      executingIds: () => [...this.#executions.keys()],
    };
    for (const claim of await claimRuns(this.#deps, load, this.#leaseMs)) this.#execute(claim);
  }

  /** Starts an execution, whose events follow those that `published` waits for. */
  #execute({ run, previous, token }: Claim, published: Promise<void> = Promise.resolve()): void {
    const isNew = previous.status === 'queued' && runState(previous).started_at === null;
    this.#report(previous, isNew);
    const controller = new AbortController();
    const done = new AbortController();
    const lease = { token, until: run.lease_until ?? 0, deadline: run.deadline };
    const onRenewed = (until: number) => {
      execution.lease = { ...lease, until };
      this.#reportLeases();
    };
    const guarded = { run, token, controller, done: done.signal, onRenewed };
    const guards = [
      abortAtDeadline(this.#deps, guarded),
      heartbeat(this.#deps, guarded, this.#leaseMs),
    ];
    const ended = this.#finish(
      run,
      executeRun(this.#deps, { run, token, isNew, published, signal: controller.signal }),
      () => {
        done.abort('done');
        return Promise.all(guards);
      },
    );
    const execution = { controller, ended, lease };
    this.#executions.set(run.id, execution);
    this.#reportLeases();
  }

  #reportLeases(): void {
    const { leaseKeeper, clock } = this.#deps;
    const leases = [...this.#executions.values()].map(({ lease }) => lease);
    leaseKeeper?.report({ leases, now: clock.now(), leaseMs: this.#leaseMs });
  }

  #report(previous: RunRow, isNew: boolean): void {
    const { observer, clock } = this.#deps;
    if (isNew) observer?.runStarted(unixSeconds(clock) - previous.created_at);
    else if (previous.lease_token !== null) observer?.leaseTakenOver();
  }

  async #finish(run: RunRow, execution: Promise<void>, stopGuards: () => Promise<unknown>) {
    try {
      await execution;
    } catch (error) {
      const { log, events } = this.#deps;
      log.error('run not saved', { run_id: run.id, error: String(error) });
      events.publish(run.id, internalErrorEvent);
    }
    await stopGuards();
    this.#executions.delete(run.id);
    this.#reportLeases();
    this.wake();
  }
}
