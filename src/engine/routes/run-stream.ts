import { type Clock, unixSeconds } from '../../shared/clock.ts';
import { errorStack } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { type Include, applyIncludeToEvent } from './run-steps.ts';
import { sseResponse, doneFrame, encodeEvent, keepAliveFrame } from '../http/sse.ts';
import {
  internalErrorEvent,
  shutdownEvent,
  type StreamEvent,
  type Subscription,
} from '../events/event-bus.ts';
import type { EventDeduplicator } from '../events/event-deduplicator.ts';

/** No stream is silent for 15 s: proxies close connections that are. */
const keepAliveMs = 14_000;

/** After this time without events the database is polled: another process may execute the run. */
const pollIntervalMs = 1000;

interface StreamSource {
  /** The run's events in this process. */
  readonly subscription: Subscription;
  readonly deduplicator: EventDeduplicator;
  /** All events of the run so far, rebuilt from the database. */
  readonly replay: () => Promise<StreamEvent[]>;
  /** Events to send at once, which the deduplicator has passed. */
  readonly firstEvents?: readonly StreamEvent[];
  readonly include?: Include | undefined;
  readonly clock: Clock;
  readonly log: Pick<Log, 'error'>;
}

function encode(events: readonly StreamEvent[], include?: Include): string {
  let frames = '';
  for (const each of events) {
    const { event, data } = applyIncludeToEvent(each, include);
    frames += encodeEvent(event, data);
  }
  return frames;
}

/** The events that a stream sends next, live ones or those that polling the database finds. */
function createEventSource({ subscription, deduplicator, replay, clock, log }: StreamSource) {
  const closed = new AbortController();
  let liveEvents = subscription.next();
  /** Reused until it fires: a timer for each delta would cost as much as sending the delta. */
  let pollTimer: Promise<void> | null = null;
  let lastReceivedAt = clock.now();

  /** Milliseconds until the next poll; the clock may be set back. */
  const untilPoll = (): number => {
    lastReceivedAt = Math.min(lastReceivedAt, clock.now());
    return lastReceivedAt + pollIntervalMs - clock.now();
  };

  const poll = async (): Promise<StreamEvent[]> => {
    const { received } = subscription;
    const events = await replay().catch((error: unknown) => {
      log.error('stream ended, its run goes on', { error: errorStack(error) });
      return [internalErrorEvent];
    });
    // Live events that came meanwhile are at least as new, and are sent next.
    if (subscription.received !== received) return [];
    return deduplicator.filter(events, 'replayed', unixSeconds(clock));
  };

  const next = async (): Promise<StreamEvent[]> => {
    for (;;) {
      pollTimer ??= clock.sleep(untilPoll(), closed.signal);
      const events = await Promise.race([liveEvents, pollTimer]);
      if (events !== undefined) {
        lastReceivedAt = clock.now();
        if (events.length > 0) liveEvents = subscription.next();
        const isShutdown = events.length === 0;
        return deduplicator.filter(
          isShutdown ? [shutdownEvent] : events,
          'live',
          unixSeconds(clock),
        );
      }
      pollTimer = null;
      if (untilPoll() > 0) continue;
      lastReceivedAt = clock.now();
      return poll();
    }
  };

  const close = () => {
    closed.abort('closed');
    subscription.close();
  };

  return { next, close };
}

/**
 * Streams a run's events until it ends or waits for tool outputs (contract §7). The run goes on when
 * the client disconnects.
 */
export function runStreamResponse(source: StreamSource): Response {
  const { deduplicator, firstEvents = [], clock, include } = source;
  const events = createEventSource(source);
  let lastSentAt = clock.now();
  let unsent = encode(firstEvents, include);
  const next = async (): Promise<string | null> => {
    if (deduplicator.ended && unsent === '') return null;
    let frames = unsent;
    unsent = '';
    while (frames === '') {
      frames = encode(await events.next(), include);
      if (frames === '' && clock.now() - lastSentAt >= keepAliveMs) frames = keepAliveFrame;
    }
    lastSentAt = clock.now();
    if (!deduplicator.ended) return frames;
    events.close();
    return frames + doneFrame;
  };
  return sseResponse(next, events.close);
}
