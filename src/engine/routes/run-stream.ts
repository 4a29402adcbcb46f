import { type Clock, unixSeconds } from '../../shared/clock.ts';
import { type Include, applyIncludeToEvent } from './run-steps.ts';
import { sseResponse, doneFrame, encodeEvent, keepAliveFrame } from '../http/sse.ts';
import type { StreamEvent, Subscription } from '../events/event-bus.ts';
import { internalErrorEvent, shutdownEvent } from '../events/event-bus.ts';
import type { EventDeduplicator } from '../events/event-deduplicator.ts';

/** Milliseconds of silence after which a comment is sent, so that there are never 15 s of it. */
const keepAlive = 14_000;

/** Milliseconds without news after which the database is looked at: another process may execute the run. */
const lookInterval = 1000;

/** What a stream is made from. */
interface StreamSource {
  /** What happens to the run in this process. */
  readonly subscription: Subscription;
  /** What has been told of it. */
  readonly deduplicator: EventDeduplicator;
  /** All that has happened to it, whoever did it, as the database shows it. */
  readonly look: () => Promise<StreamEvent[]>;
  readonly include?: Include | undefined;
  readonly clock: Clock;
}

const encode = (events: readonly StreamEvent[], include?: Include): string =>
  events
    .map((event) => applyIncludeToEvent(event, include))
    .map(({ event, data }) => encodeEvent(event, data))
    .join('');

/** Waits for something to happen to the run, or to be found of it; answers what is to be told. */
function createEventSource({ subscription, deduplicator, look, clock }: StreamSource) {
  const over = new AbortController();
  let pending = subscription.next();
  /** One for all that comes before it rings: to set an alarm takes as long as to tell a delta. */
  let pollTimer: Promise<void> | null = null;
  let heardAt = clock.now();

  /** Milliseconds until the silence is long; the time may be put back. */
  const left = (): number => {
    heardAt = Math.min(heardAt, clock.now());
    return heardAt + lookInterval - clock.now();
  };

  const find = async (): Promise<StreamEvent[]> => {
    const { received: heard } = subscription;
    const found = await look().catch(() => [internalErrorEvent]);
    // What was heard meanwhile is at least as new, and comes next.
    return subscription.received === heard
      ? deduplicator.filter(found, 'retold', unixSeconds(clock))
      : [];
  };

  const listen = async (): Promise<StreamEvent[]> => {
    for (;;) {
      pollTimer ??= clock.sleep(left(), over.signal);
      const news = await Promise.race([pending, pollTimer]);
      if (news !== undefined) {
        heardAt = clock.now();
        if (news.length > 0) pending = subscription.next();
        return deduplicator.filter(
          news.length > 0 ? news : [shutdownEvent],
          'live',
          unixSeconds(clock),
        );
      }
      pollTimer = null;
      if (left() > 0) continue;
      heardAt = clock.now();
      return find();
    }
  };

  const close = () => {
    over.abort('over');
    subscription.close();
  };

  return { listen, close };
}

/**
 * Answers with what happens to a run until it ends or waits for outputs (contract §7). A client
 * that goes away only ends its own subscription.
 */
export function runStreamResponse(source: StreamSource): Response {
  const { deduplicator, clock, include } = source;
  const { listen, close } = createEventSource(source);
  let lastSentAt = clock.now();
  const next = async (): Promise<string | null> => {
    if (deduplicator.ended) return null;
    let frames = '';
    while (frames === '') {
      frames = encode(await listen(), include);
      if (frames === '' && clock.now() - lastSentAt >= keepAlive) frames = keepAliveFrame;
    }
    lastSentAt = clock.now();
    if (!deduplicator.ended) return frames;
    close();
    return frames + doneFrame;
  };
  return sseResponse(next, close);
}
