import type { Clock } from '../../clock.ts';
import { answerFrames, doneFrame, encodeEvent, keepAliveFrame } from '../http/sse.ts';
import type { StreamEvent, Subscription } from '../runs/events.ts';
import { goingDown } from '../runs/fault.ts';

/** Milliseconds of silence after which a comment is sent. */
const keepAlive = 15_000;

/** The events after which a stream has nothing more to say (contract §7.3). */
const lastEvents: ReadonlySet<string> = new Set([
  'thread.run.completed',
  'thread.run.incomplete',
  'thread.run.failed',
  'thread.run.cancelled',
  'thread.run.expired',
  'thread.run.requires_action',
  'error',
] satisfies StreamEvent['event'][]);

const encode = ({ event, data }: StreamEvent): string => encodeEvent(event, data);

/** Up to and with the last event of a run, and whether it is among them. */
function upToLast(events: readonly StreamEvent[]): [told: readonly StreamEvent[], ended: boolean] {
  const last = events.findIndex(({ event }) => lastEvents.has(event));
  return last === -1 ? [events, false] : [events.slice(0, last + 1), true];
}

/**
 * Answers with what happens to a run until it ends or waits for outputs (contract §7). A client
 * that goes away only ends its own subscription. `look` reads where the run stands after a silence:
 * another process may have brought it to rest, and then its last event is told from there.
 */
export function answerStream(
  subscription: Subscription,
  clock: Clock,
  look: () => Promise<StreamEvent>,
): Response {
  let pending = subscription.take();
  let ended = false;
  const finish = (frames: string) => {
    ended = true;
    subscription.close();
    return frames + doneFrame;
  };
  const next = async (): Promise<string | null> => {
    if (ended) return null;
    const timer = new AbortController();
    const events = await Promise.race([pending, clock.sleep(keepAlive, timer.signal)]);
    timer.abort();
    if (events === undefined) {
      const standing = await look();
      return lastEvents.has(standing.event) ? finish(encode(standing)) : keepAliveFrame;
    }
    if (events.length === 0) return finish(encode(goingDown));
    const [told, isEnd] = upToLast(events);
    const frames = told.map(encode).join('');
    if (isEnd) return finish(frames);
    pending = subscription.take();
    return frames;
  };
  return answerFrames(next, () => subscription.close());
}
