import type OpenAI from 'openai';
import type { Database } from '../store/schema.ts';
import { type CommitOptions, transact } from '../store/transaction.ts';
import { isTerminal } from '../run-state-machine.ts';

/*
 * Publishes the events of runs to the streams of this process (contract §7). Changes of state are
 * published after their transaction commits; deltas at once, without being stored. A slow subscriber
 * delays nobody: its subscription queues the events, and joins text deltas of the same part, so that
 * the queue needs little more memory than the text.
 */
export type StreamEvent = OpenAI.Beta.AssistantStreamEvent;
type Run = OpenAI.Beta.Threads.Run;

/** Adds an event to those published when the transaction commits. */
export type Emit = (run_id: string, event: StreamEvent) => void;

/** The events that end a stream (contract §7.3). */
const finalEvents: ReadonlySet<string> = new Set([
  'thread.run.completed',
  'thread.run.incomplete',
  'thread.run.failed',
  'thread.run.cancelled',
  'thread.run.expired',
  'thread.run.requires_action',
  'error',
] satisfies StreamEvent['event'][]);

export const isFinal = ({ event }: StreamEvent): boolean => finalEvents.has(event);

/** The run that ends with this event, if any. */
function endedRun({ data }: StreamEvent): Run | null {
  const isRun = 'object' in data && data.object === 'thread.run';
  return isRun && isTerminal(data.status) ? data : null;
}

/** The number of queued events from which text deltas are joined. */
const coalesceAfter = 64;

interface TextDelta {
  readonly id: string;
  readonly index: number;
  readonly value: string;
}

/** The event as a delta of plain text; null for every other event. */
function toTextDelta(event: StreamEvent | undefined): TextDelta | null {
  if (event?.event !== 'thread.message.delta') return null;
  const [part, ...others] = event.data.delta.content ?? [];
  if (part?.type !== 'text' || others.length > 0) return null;
  const { value, annotations = [] } = part.text ?? {};
  if (value === undefined || annotations.length > 0) return null;
  return { id: event.data.id, index: part.index, value };
}

/** Two deltas of the same text part as one; null for any other pair. */
function joinDeltas(previous: StreamEvent | undefined, next: StreamEvent): StreamEvent | null {
  const first = toTextDelta(previous);
  const second = toTextDelta(next);
  if (previous?.event !== 'thread.message.delta' || first === null || second === null) return null;
  if (first.id !== second.id || first.index !== second.index) return null;
  const text = { value: first.value + second.value };
  const { id, object } = previous.data;
  const delta = { content: [{ index: first.index, type: 'text' as const, text }] };
  return { event: previous.event, data: { id, object, delta } };
}

/** The events of one run since the subscription, for one subscriber. */
export class Subscription {
  readonly #close: () => void;
  #queue: StreamEvent[] = [];
  #wake: (() => void) | null = null;
  #closed = false;
  #received = 0;

  constructor(close: (subscription: Subscription) => void) {
    this.#close = () => close(this);
  }

  /** The number of events so far. */
  get received(): number {
    return this.#received;
  }

  push(event: StreamEvent): void {
    this.#received += 1;
    const joined =
      this.#queue.length >= coalesceAfter ? joinDeltas(this.#queue.at(-1), event) : null;
    if (joined === null) this.#queue.push(event);
    else this.#queue[this.#queue.length - 1] = joined;
    this.#wake?.();
  }

  /** Resolves to the events since the last call, as soon as there are any; to none once closed. */
  async next(): Promise<StreamEvent[]> {
    while (this.#queue.length === 0 && !this.#closed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    const events = this.#queue;
    this.#queue = [];
    return events;
  }

  /** Ends the subscription; a pending `next` resolves to the events still queued. */
  close(): void {
    this.#closed = true;
    this.#close();
    this.#wake?.();
  }
}

export class RunEventBus {
  readonly #subscriptions = new Map<string, Set<Subscription>>();
  readonly #onEnd: (run: Run) => void;

  /** `onEnd` is called once for each run that this process ends. */
  constructor(onEnd: (run: Run) => void = () => {}) {
    this.#onEnd = onEnd;
  }

  subscribe(run_id: string): Subscription {
    const subscribers = this.#subscriptions.get(run_id) ?? new Set();
    this.#subscriptions.set(run_id, subscribers);
    const subscription = new Subscription((closed) => {
      subscribers.delete(closed);
      const isCurrent = this.#subscriptions.get(run_id) === subscribers;
      if (isCurrent && subscribers.size === 0) this.#subscriptions.delete(run_id);
    });
    subscribers.add(subscription);
    return subscription;
  }

  /** Queues the event for every subscriber. A final event drops them, read or not. */
  publish(run_id: string, event: StreamEvent): void {
    for (const subscription of this.#subscriptions.get(run_id) ?? []) subscription.push(event);
    if (isFinal(event)) this.#subscriptions.delete(run_id);
  }

  /** Ends every subscription. */
  close(): void {
    const subscriptions = [...this.#subscriptions.values()].flatMap((one) => [...one]);
    for (const subscription of subscriptions) subscription.close();
  }

  /** Runs `work` in a transaction, and publishes what it emitted after the commit. */
  async transactAndPublish<T>(
    db: Database,
    work: (db: Database, emit: Emit) => Promise<T>,
    options: CommitOptions<T> = {},
  ): Promise<T> {
    const emitted: [run_id: string, event: StreamEvent][] = [];
    const attempt = (transaction: Database) => {
      emitted.length = 0;
      return work(transaction, (run_id, event) => emitted.push([run_id, event]));
    };
    const result = await transact(db, attempt, options);
    for (const [run_id, event] of emitted) {
      this.publish(run_id, event);
      const run = endedRun(event);
      if (run !== null) this.#onEnd(run);
    }
    return result;
  }
}

/** A stream that ends before its run does ends with an `error` event (contract §7.6). */
const errorEvent = (message: string): StreamEvent => ({
  event: 'error',
  data: { message, type: 'server_error', param: null, code: null },
});

/** The engine failed; the run resumes later. */
export const internalErrorEvent = errorEvent(
  'The server had an error processing your request. Sorry about that!',
);

/** The process ends before the run does. */
export const shutdownEvent = errorEvent(
  'The server is shutting down. The run resumes when it restarts.',
);

/** The run was deleted with its thread. */
export const threadDeleted = errorEvent('The thread was deleted while its run was streamed.');
