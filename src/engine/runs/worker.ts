import { seconds } from '../../clock.ts';
import type { EngineParts } from '../options.ts';
import { claimableRuns, findLeased, nextDue, renewLease } from '../store/leases.ts';
import { type Lease, noLease, type RunRow, toRun, updateRun } from '../store/runs.ts';
import type { Signals } from '../store/signals.ts';
import { discardUnfinished, endRun, expireDueRuns, moment, standing } from './ending.ts';
import { featuresOf } from '../store/features.ts';
import { executeRun, type Interruption } from './execute.ts';
import { engineFailed } from './fault.ts';
import { Lookout } from './lookout.ts';
import { advance } from './machine.ts';
import type { Writing } from './steps.ts';

/** Milliseconds a claim holds without being renewed; a process that dies frees its runs after it. */
const defaultLease = 10_000;

interface Claim {
  readonly run: RunRow;
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
  readonly #parts: EngineParts;
  readonly #leaseDuration: number;
  readonly #executions = new Map<string, Running>();
  /** Runs that were queued here and are this worker's to begin, with the names of their leases. */
  readonly #accepted = new Map<string, string>();
  /** Places kept for runs that are being queued here. */
  #reserved = 0;
  #pass: Promise<void> = Promise.resolve();
  #loop: Promise<void> | null = null;
  #stopping = false;
  #alarm = new AbortController();
  readonly #signals: Signals | null;
  readonly #lookout: Lookout;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#signals = featuresOf(parts.db)?.signals ?? null;
    this.#lookout = new Lookout(this.#signals);
    this.#leaseDuration = parts.leaseDuration ?? defaultLease;
  }

  start(): void {
    if (this.#loop !== null) return;
    this.#loop = this.#run();
    this.#signals?.listen((signal) => this.#hear(signal));
  }

  /** Makes the loop look at the database now; does nothing before `start`. */
  wake(): void {
    this.#lookout.stir();
    this.#alarm.abort();
  }

  /** Another process tells of a run to be executed, or of one to be stopped. */
  #hear(signal: string): void {
    const cancelled = /^cancelled (.*)$/u.exec(signal)?.[1];
    if (cancelled === undefined) this.wake();
    else this.interrupt(cancelled, 'cancelled');
  }

  /**
   * Makes a change that queues the run, under a lease of this worker's if it has room: the run is
   * then executed in the process that streams it, and all others keep off.
   */
  async accept(run_id: string, change: (lease: Lease) => Promise<RunRow>): Promise<RunRow> {
    const token = this.#reserve();
    if (token === null) return change(noLease).finally(() => this.wake());
    try {
      const row = await change(this.#lease(token));
      this.#accepted.set(run_id, token);
      return row;
    } finally {
      this.#reserved -= 1;
      this.wake();
    }
  }

  /** Breaks off the execution of a run, if it is this worker that executes it. */
  interrupt(run_id: string, interruption: Interruption): void {
    this.#executions.get(run_id)?.controller.abort(interruption);
  }

  /** One pass; passes never overlap. */
  tick(): Promise<void> {
    const pass = this.#pass.then(() => this.#look());
    this.#pass = pass.catch(() => {});
    return pass;
  }

  /** Resolves when no run is being executed. */
  async settled(): Promise<void> {
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
    const timer = new AbortController();
    await Promise.race([this.settled(), this.#parts.clock.sleep(graceMs, timer.signal)]);
    timer.abort();
    for (const run_id of this.#executions.keys()) this.interrupt(run_id, 'released');
    await this.settled();
    await this.#handBack();
  }

  get #free(): number {
    const taken = this.#executions.size + this.#accepted.size + this.#reserved;
    return this.#parts.concurrency - taken;
  }

  #lease(lease_token: string): Lease {
    return { lease_token, lease_until: this.#parts.clock.now() + this.#leaseDuration };
  }

  #reserve(): string | null {
    if (this.#loop === null || this.#stopping || this.#free <= 0) return null;
    this.#reserved += 1;
    return this.#parts.ids.object('lease_');
  }

  /** Frees what was accepted and not begun. */
  async #handBack(): Promise<void> {
    const { db, events, log } = this.#parts;
    for (const [run_id, token] of this.#accepted) {
      try {
        await events.change(db, async (transaction) => {
          const run = await findLeased(transaction, run_id, token);
          if (run !== undefined)
            await updateRun(transaction, run_id, { ...standing(run), ...noLease });
        });
      } catch (error) {
        log.error('run not handed back', { run_id, error: String(error) });
      }
    }
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts;
    while (!this.#stopping) {
      let left = Infinity;
      this.#alarm = new AbortController();
      try {
        await this.tick();
        left = await this.#untilDue();
      } catch (error) {
        log.error('worker pass failed', { error: String(error) });
      }
      await clock.sleep(this.#lookout.next(left), this.#alarm.signal);
    }
  }

  async #untilDue(): Promise<number> {
    const due = (await nextDue(this.#parts.db)) ?? Infinity;
    return due - this.#parts.clock.now();
  }

  async #look(): Promise<void> {
    const { db, clock, concurrency } = this.#parts;
    await expireDueRuns(this.#parts);
    if (this.#stopping) return;
    const isIdle =
      this.#accepted.size === 0 &&
      (await claimableRuns(db, moment(clock), concurrency)).length === 0;
    if (isIdle) return;
    for (const claim of await this.#claim()) this.#execute(claim);
  }

  async #claim(): Promise<Claim[]> {
    const { db, clock, ids, concurrency, events } = this.#parts;
    const accepted = new Map(this.#accepted);
    const claims = await events.change(db, async (transaction, tell) => {
      const writing = { db: transaction, tell, clock, ids };
      const own = await Promise.all(
        [...accepted].map(([id, token]) => findLeased(transaction, id, token)),
      );
      const others = await claimableRuns(transaction, moment(clock), concurrency);
      const runs = [...own, ...others].filter((run) => run !== undefined);
      const made: Claim[] = [];
      const room = this.#free + accepted.size;
      for (const [id, run] of new Map(runs.map((one) => [one.id, one]))) {
        // After the machine has slept the lease is over, but not the work.
        if (this.#executions.has(id)) continue;
        if (run.status === 'cancelling') await endRun(writing, run, 'stop');
        else if (made.length < room) made.push(await this.#take(writing, run));
      }
      return made;
    });
    for (const run_id of accepted.keys()) this.#accepted.delete(run_id);
    return claims;
  }

  /** Leases a run to this worker: a queued one starts, one that lost its holder begins its turn anew. */
  async #take({ db, tell, clock, ids }: Writing, run: RunRow): Promise<Claim> {
    const isNew = run.status === 'queued';
    if (!isNew) await discardUnfinished(db, run);
    const token = ids.object('lease_');
    const taken = await updateRun(db, run.id, {
      ...(isNew ? advance(standing(run), 'start', seconds(clock)) : standing(run)),
      ...this.#lease(token),
    });
    if (isNew) tell(run.id, { event: 'thread.run.in_progress', data: toRun(taken) });
    return { run: taken, token };
  }

  #execute({ run, token }: Claim): void {
    const controller = new AbortController();
    const done = new AbortController();
    const guards = [
      this.#expire(run, controller, done.signal),
      this.#renew(run, token, controller, done.signal),
    ];
    const ended = this.#finish(
      run,
      executeRun(this.#parts, { run, token, signal: controller.signal }),
      () => {
        done.abort();
        return Promise.all(guards);
      },
    );
    this.#executions.set(run.id, { controller, ended });
  }

  async #finish(run: RunRow, execution: Promise<void>, release: () => Promise<unknown>) {
    try {
      await execution;
    } catch (error) {
      const { log, events } = this.#parts;
      log.error('run not written', { run_id: run.id, error: String(error) });
      events.publish(run.id, engineFailed);
    }
    await release();
    this.#executions.delete(run.id);
    this.wake();
  }

  /** Breaks the execution off when the run's time is over. */
  async #expire(run: RunRow, execution: AbortController, done: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!done.aborted && seconds(clock) < run.deadline) {
      await clock.sleep(run.deadline * 1000 - clock.now(), done);
    }
    if (!done.aborted) execution.abort('expired' satisfies Interruption);
  }

  /** Keeps the lease, and notices through it that another process cancelled the run or took it. */
  async #renew(
    { id }: RunRow,
    token: string,
    execution: AbortController,
    done: AbortSignal,
  ): Promise<void> {
    const { db, clock, log } = this.#parts;
    while (!done.aborted) {
      await clock.sleep(this.#leaseDuration / 2, done);
      if (done.aborted) return;
      try {
        const status = await renewLease(db, id, token, clock.now() + this.#leaseDuration);
        if (status === undefined) execution.abort('lost' satisfies Interruption);
        else if (status === 'cancelling') execution.abort('cancelled' satisfies Interruption);
      } catch (error) {
        log.error('lease not renewed', { run_id: id, error: String(error) });
      }
    }
  }
}
