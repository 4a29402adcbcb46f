import type OpenAI from 'openai';
import type { Database } from '../store/schema.ts';
import { type CommitOptions, transact } from '../store/transaction.ts';
import { isTerminal } from '../run-state-machine.ts';

/*
 * What happens to runs, told to whoever streams them (contract §7). Changes of state are told once
 * they hold: a journal is kept during a transaction and published when it has committed. Deltas are
 * told as they come and are never stored. Nobody has to listen, and a listener that is slow or goes
 * away holds up nothing: what it has not taken yet waits in its own subscription, where the deltas
 * of one text run together, so that a stream costs no more than the text itself.
 */
export type StreamEvent = OpenAI.Beta.AssistantStreamEvent;
type Run = OpenAI.Beta.Threads.Run;

/** Tells of a change to a run, to be published if the change holds. */
export type Emit = (run_id: string, event: StreamEvent) => void;

/** The events after which nothing more is told of a run for now (contract §7.3). */
const lastEvents: ReadonlySet<string> = new Set([
  'thread.run.completed',
  'thread.run.incomplete',
  'thread.run.failed',
  'thread.run.cancelled',
  'thread.run.expired',
  'thread.run.requires_action',
  'error',
] satisfies StreamEvent['event'][]);

export const isFinal = ({ event }: StreamEvent): boolean => lastEvents.has(event);

/** The run that has come to its end with this event, if one has. */
function endedRun({ data }: StreamEvent): Run | null {
  const isRun = 'object' in data && data.object === 'thread.run';
  return isRun && isTerminal(data.status) ? data : null;
}

/** Events that wait for a listener before the deltas among them are run together. */
const coalesceAfter = 64;

interface TextDelta {
  readonly id: string;
  readonly index: number;
  readonly value: string;
}

/** The event as plain text added to one message; null for every other event. */
function asTextDelta(event: StreamEvent | undefined): TextDelta | null {
  if (event?.event !== 'thread.message.delta') return null;
  const [part, ...others] = event.data.delta.content ?? [];
  if (part?.type !== 'text' || others.length > 0) return null;
  const { value, annotations = [] } = part.text ?? {};
  if (value === undefined || annotations.length > 0) return null;
  return { id: event.data.id, index: part.index, value };
}

function join(one: StreamEvent | undefined, other: StreamEvent): StreamEvent | null {
  const first = asTextDelta(one);
  const second = asTextDelta(other);
  if (one?.event !== 'thread.message.delta' || first === null || second === null) return null;
  if (first.id !== second.id || first.index !== second.index) return null;
  const text = { value: first.value + second.value };
  const { id, object } = one.data;
  const delta = { content: [{ index: first.index, type: 'text' as const, text }] };
  return { event: one.event, data: { id, object, delta } };
}

/** One listener's view of one run, from the moment it subscribed. */
export class Subscription {
  readonly #close: () => void;
  #waiting: StreamEvent[] = [];
  #wake: (() => void) | null = null;
  #closed = false;
  #heard = 0;

  constructor(close: (subscription: Subscription) => void) {
    this.#close = () => close(this);
  }

  /** How many events have come so far. */
  get received(): number {
    return this.#heard;
  }

  push(event: StreamEvent): void {
    this.#heard += 1;
    const joined = this.#waiting.length >= coalesceAfter ? join(this.#waiting.at(-1), event) : null;
    if (joined === null) this.#waiting.push(event);
    else this.#waiting[this.#waiting.length - 1] = joined;
    this.#wake?.();
  }

  /** Resolves to all that has happened since the last call, at once or when something does. */
  async next(): Promise<StreamEvent[]> {
    while (this.#waiting.length === 0 && !this.#closed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  /** Ends the subscription; a pending `take` resolves to what is left. */
  close(): void {
    this.#closed = true;
    this.#close();
    this.#wake?.();
  }
}

export class RunEventBus {
  readonly #subscriptions = new Map<string, Set<Subscription>>();
  readonly #onEnd: (run: Run) => void;

  /** `onEnd` is called once for each run that comes to its end here. */
  constructor(onEnd: (run: Run) => void = () => {}) {
    this.#onEnd = onEnd;
  }

  subscribe(run_id: string): Subscription {
    const listeners = this.#subscriptions.get(run_id) ?? new Set();
    this.#subscriptions.set(run_id, listeners);
    const subscription = new Subscription((closed) => {
      listeners.delete(closed);
      const isCurrent = this.#subscriptions.get(run_id) === listeners;
      if (isCurrent && listeners.size === 0) this.#subscriptions.delete(run_id);
    });
    listeners.add(subscription);
    return subscription;
  }

  /** A listener that has its last event is forgotten, whether or not it ever takes it. */
  publish(run_id: string, event: StreamEvent): void {
    for (const subscription of this.#subscriptions.get(run_id) ?? []) subscription.push(event);
    if (isFinal(event)) this.#subscriptions.delete(run_id);
  }

  /** Ends every subscription: nothing more will happen here. */
  close(): void {
    const all = [...this.#subscriptions.values()].flatMap((listeners) => [...listeners]);
    for (const subscription of all) subscription.close();
  }

  /** Makes a change in one transaction, and tells of it when it holds. */
  async transactAndPublish<T>(
    db: Database,
    work: (db: Database, emit: Emit) => Promise<T>,
    durability: CommitOptions<T> = {},
  ): Promise<T> {
    const journal: [run_id: string, event: StreamEvent][] = [];
    const keep = (transaction: Database) => {
      journal.length = 0;
      return work(transaction, (run_id, event) => journal.push([run_id, event]));
    };
    const result = await transact(db, keep, durability);
    for (const [run_id, event] of journal) {
      this.publish(run_id, event);
      const run = endedRun(event);
      if (run !== null) this.#onEnd(run);
    }
    return result;
  }
}

/* How a stream ends that no run's end can end (contract §7.6): one `error` event. */
const fault = (message: string): StreamEvent => ({
  event: 'error',
  data: { message, type: 'server_error', param: null, code: null },
});

/** The engine itself failed; the run is taken up again later. */
export const internalErrorEvent = fault(
  'The server had an error processing your request. Sorry about that!',
);

/** The process ends before the run does. */
export const shutdownEvent = fault('The server is going down. The run goes on when it is back.');
/** The run is gone, and its thread with it. */
export const threadDeleted = fault('The thread was deleted while its run was streamed.');
