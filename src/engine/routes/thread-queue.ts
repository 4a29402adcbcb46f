import type { Context, MiddlewareHandler } from 'hono';
import type { Clock } from '../../shared/clock.ts';
import { ActiveRunError, errors } from '../http/errors.ts';
import { preferredWait } from '../http/prefer.ts';
import { findActiveRun } from '../store/runs.ts';
import type { Database } from '../store/schema.ts';
import {
  addWaitingRequest,
  extendWaitingRequest,
  firstWaitingRequest,
  removeWaitingRequest,
  type WaitingRequest,
} from '../store/waiting-requests.ts';

/** How long a place in the queue is valid if its process dies. */
const placeMs = 10_000;

/** After this time the database is read again: another process may end the run. */
const pollIntervalMs = 1000;

/** Each of them holds its body in memory and reads the database; more are refused at once. */
const maxWaiting = 200;

interface Deps {
  readonly db: Database;
  readonly clock: Clock;
}

interface Wait {
  readonly place: WaitingRequest;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** Aborts when the client disconnects. */
  readonly signal: AbortSignal;
}

/** The work of a request; throws an {@link ActiveRunError} while a run locks the thread. */
type Work<Result> = () => Promise<Result>;

/** Lets requests wait until no run locks their thread, those of each thread in order of arrival. */
export class ThreadQueue {
  readonly #deps: Deps;
  readonly #closing = new AbortController();
  /** What the waiting requests of each thread wait for; resolves when it may be another one's turn. */
  readonly #changes = new Map<string, PromiseWithResolvers<void>>();
  readonly #waits = new WeakMap<Request, Wait>();
  /** Ends when the last request has its place: one after the other, they keep their order. */
  #lastJoin: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Gives a request that prefers to wait its place, before anything of it is read. */
  readonly takePlace: MiddlewareHandler = async (context, next) => {
    const seconds = preferredWait(context);
    if (seconds === null) return next();
    const leave = await this.#join(context, seconds);
    await next().finally(leave);
    context.res.headers.set('preference-applied', 'wait');
  };

  /** Does the work of a request, after a run of its thread if the request has a place. */
  run<Result>(context: Context, work: Work<Result>): Promise<Result> {
    const wait = this.#waits.get(context.req.raw);
    return wait === undefined ? work() : this.#wait(wait, work);
  }

  /** Lets the waiting requests of a thread look again. */
  wake(thread_id: string): void {
    this.#changes.get(thread_id)?.resolve();
    this.#changes.delete(thread_id);
  }

  /** Refuses all waiting requests, and those that would have to wait. */
  close(): void {
    this.#closing.abort('closing');
  }

  /** Adds a request to the queue of its thread; resolves to what removes it. */
  async #join({ req }: Context, seconds: number): Promise<() => Promise<void>> {
    if (seconds === 0 || this.#waiting >= maxWaiting) return async () => {};
    const { db, clock } = this.#deps;
    const deadline = clock.now() + seconds * 1000;
    const thread_id = req.param('thread_id') ?? '';
    this.#waiting += 1;
    const added = this.#lastJoin.then(() => {
      const joinedAt = clock.now();
      return addWaitingRequest(db, thread_id, { now: joinedAt, validUntil: joinedAt + placeMs });
    });
    this.#lastJoin = added.catch(() => {
      this.#waiting -= 1;
    });
    const place = await added;
    this.#waits.set(req.raw, { place, deadline, signal: req.raw.signal });
    return async () => {
      this.#waiting -= 1;
      // A place that stays becomes invalid by itself.
      await removeWaitingRequest(db, place).catch(() => {});
      this.wake(thread_id);
    };
  }

  async #wait<Result>({ place: first, deadline, signal }: Wait, work: Work<Result>) {
    const { db, clock } = this.#deps;
    for (let place = first; ;) {
      const changed = this.#nextChange(place.thread_id);
      if (signal.aborted) throw errors.clientDisconnected();
      const remainingMs = deadline - clock.now();
      if (remainingMs <= 0) return work();
      if (place.validUntil - clock.now() < placeMs / 2) {
        place = await extendWaitingRequest(db, place, clock.now() + placeMs);
      }
      if (await this.#isFree(place)) {
        try {
          return await work();
        } catch (error) {
          if (!(error instanceof ActiveRunError)) throw error;
        }
      }
      if (this.#closing.signal.aborted) throw errors.shuttingDown();
      await this.#pause(changed, Math.min(remainingMs, pollIntervalMs), signal);
    }
  }

  async #isFree({ thread_id, seq }: WaitingRequest): Promise<boolean> {
    const { db, clock } = this.#deps;
    const first = await firstWaitingRequest(db, thread_id, clock.now());
    return first === seq && (await findActiveRun(db, thread_id)) === undefined;
  }

  #nextChange(thread_id: string): Promise<void> {
    const change = this.#changes.get(thread_id) ?? Promise.withResolvers<void>();
    this.#changes.set(thread_id, change);
    return change.promise;
  }

  async #pause(changed: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const wakeup = AbortSignal.any([this.#closing.signal, signal, done.signal]);
    await Promise.race([changed, this.#deps.clock.sleep(ms, wakeup)]);
    done.abort('done');
  }
}
