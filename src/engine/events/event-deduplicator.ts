import type OpenAI from 'openai';
import { noUsage } from '../models/model.ts';
import { isFinal, type StreamEvent } from './event-bus.ts';

type Message = OpenAI.Beta.Threads.Message;
type Step = OpenAI.Beta.Threads.Runs.RunStep;

/** `live`: published in this process; `replayed`: rebuilt from the database. */
type Origin = 'live' | 'replayed';

const isDelta = ({ event }: StreamEvent): boolean => event.endsWith('.delta');
const idOf = ({ data }: StreamEvent): string => ('id' in data ? data.id : '');

/** Ends a message that was sent but whose process died while writing it. */
const abandonedMessage = (message: Message, now: number): StreamEvent => ({
  event: 'thread.message.incomplete',
  data: {
    ...message,
    status: 'incomplete',
    incomplete_details: { reason: 'run_failed' },
    incomplete_at: now,
  },
});

/** Steps have this field (contract §6), but not in the SDK's type. */
const noDeadline = { expires_at: null };

const abandonedStep = (step: Step, now: number): StreamEvent => ({
  event: 'thread.run.step.failed',
  data: {
    ...step,
    ...noDeadline,
    status: 'failed',
    failed_at: now,
    last_error: { code: 'server_error', message: 'The step was interrupted. The run repeats it.' },
    usage: noUsage,
  },
});

/**
 * A stream gets an event twice when it is published live and also replayed from the database. This
 * passes on each event once, and in an order that clients accept: step by step (contract §7.5).
 */
export class EventDeduplicator {
  readonly #sent = new Set<string>();
  #openStep: Step | null = null;
  #openMessage: Message | null = null;
  /** Where the open step came from: its deltas must come from there too. */
  #stepOrigin: Origin = 'live';
  #ended = false;

  /** Whether the final event of the stream has passed. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The events to send; `now` in Unix seconds. */
  filter(events: readonly StreamEvent[], origin: Origin, now: number): StreamEvent[] {
    const passed: StreamEvent[] = [];
    for (const event of events) {
      if (this.#ended || !this.#isNew(event, origin)) continue;
      passed.push(...this.#missingEnds(event, now), event);
      this.#track(event, origin);
    }
    return passed;
  }

  #isNew(event: StreamEvent, origin: Origin): boolean {
    const id = idOf(event);
    if (isDelta(event)) {
      const isOpen = id === this.#openStep?.id || id === this.#openMessage?.id;
      if (!isOpen || origin !== this.#stepOrigin) return false;
      if (origin === 'live') return true;
    }
    const key = `${event.event} ${id}${isDelta(event) ? JSON.stringify(event.data) : ''}`;
    if (this.#sent.has(key)) return false;
    this.#sent.add(key);
    return true;
  }

  /** Ends the open message and step if `next` shows that they were abandoned. */
  #missingEnds(next: StreamEvent, now: number): StreamEvent[] {
    const { event } = next;
    if (event !== 'thread.run.step.created' && !isFinal(next)) return [];
    if (event === 'thread.run.requires_action' || event === 'error') return [];
    const message = this.#openMessage === null ? [] : [abandonedMessage(this.#openMessage, now)];
    const step = this.#openStep === null ? [] : [abandonedStep(this.#openStep, now)];
    return [...message, ...step];
  }

  #track(event: StreamEvent, origin: Origin): void {
    switch (event.event) {
      case 'thread.run.step.created':
        this.#openStep = event.data;
        this.#openMessage = null;
        this.#stepOrigin = origin;
        break;
      case 'thread.message.created':
        this.#openMessage = event.data;
        break;
      case 'thread.message.completed':
      case 'thread.message.incomplete':
        this.#openMessage = null;
        break;
      case 'thread.run.step.completed':
      case 'thread.run.step.failed':
      case 'thread.run.step.cancelled':
      case 'thread.run.step.expired':
        this.#openStep = null;
        break;
      default:
        this.#ended = isFinal(event);
    }
  }
}
