import type OpenAI from 'openai';
import { noUsage } from '../models/model.ts';
import { isFinal, type StreamEvent } from './event-bus.ts';

type Message = OpenAI.Beta.Threads.Message;
type Step = OpenAI.Beta.Threads.Runs.RunStep;

/** Whether an event was told when it happened, or made up from the database afterwards. */
type Origin = 'live' | 'retold';

const isDelta = ({ event }: StreamEvent): boolean => event.endsWith('.delta');
const idOf = ({ data }: StreamEvent): string => ('id' in data ? data.id : '');

/** A message or a step that was told and is no more: whoever wrote it was lost in the middle. */
const lostMessage = (message: Message, now: number): StreamEvent => ({
  event: 'thread.message.incomplete',
  data: {
    ...message,
    status: 'incomplete',
    incomplete_details: { reason: 'run_failed' },
    incomplete_at: now,
  },
});

/** A field of hosted steps that the SDK does not know. */
const noDeadline = { expires_at: null };

const abandonedStep = (step: Step, now: number): StreamEvent => ({
  event: 'thread.run.step.failed',
  data: {
    ...step,
    ...noDeadline,
    status: 'failed',
    failed_at: now,
    last_error: { code: 'server_error', message: 'This step was lost, and is made again.' },
    usage: noUsage,
  },
});

/**
 * What one stream has told of its run. Events reach it in two ways, live and made up from the
 * database; it lets through what has not been told, in an order that clients accept: one step after
 * the other (contract §7.5).
 */
export class EventDeduplicator {
  readonly #told = new Set<string>();
  #step: Step | null = null;
  #message: Message | null = null;
  #origin: Origin = 'live';
  #ended = false;

  /** Whether the last event has been told. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Those of the events that are to be told now; `now` in seconds. */
  filter(events: readonly StreamEvent[], origin: Origin, now: number): StreamEvent[] {
    return events.flatMap((event) => {
      if (this.#ended || !this.#isNew(event, origin)) return [];
      const closing = this.#closing(event, now);
      this.#follow(event, origin);
      return [...closing, event];
    });
  }

  #isNew(event: StreamEvent, origin: Origin): boolean {
    const id = idOf(event);
    if (isDelta(event)) {
      const isOpen = id === this.#step?.id || id === this.#message?.id;
      if (!isOpen || origin !== this.#origin) return false;
      if (origin === 'live') return true;
    }
    const key = `${event.event} ${id}${isDelta(event) ? JSON.stringify(event.data) : ''}`;
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    return true;
  }

  /** What ends the open step when it cannot end by itself any more. */
  #closing(next: StreamEvent, now: number): StreamEvent[] {
    const { event } = next;
    if (event !== 'thread.run.step.created' && !isFinal(next)) return [];
    if (event === 'thread.run.requires_action' || event === 'error') return [];
    const message = this.#message === null ? [] : [lostMessage(this.#message, now)];
    const step = this.#step === null ? [] : [abandonedStep(this.#step, now)];
    return [...message, ...step];
  }

  #follow(event: StreamEvent, origin: Origin): void {
    switch (event.event) {
      case 'thread.run.step.created':
        this.#step = event.data;
        this.#message = null;
        this.#origin = origin;
        break;
      case 'thread.message.created':
        this.#message = event.data;
        break;
      case 'thread.message.completed':
      case 'thread.message.incomplete':
        this.#message = null;
        break;
      case 'thread.run.step.completed':
      case 'thread.run.step.failed':
      case 'thread.run.step.cancelled':
      case 'thread.run.step.expired':
        this.#step = null;
        break;
      default:
        this.#ended = isFinal(event);
    }
  }
}
