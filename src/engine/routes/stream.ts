import { type Clock, seconds } from '../../clock.ts';
import { type Include, shownEvent } from './found-content.ts';
import { answerFrames, doneFrame, encodeEvent, keepAliveFrame } from '../http/sse.ts';
import type { StreamEvent, Subscription } from '../runs/events.ts';
import { engineFailed, goingDown } from '../runs/fault.ts';
import type { Narration } from '../runs/narration.ts';

/** Milliseconds of silence after which a comment is sent, so that there are never 15 s of it. */
const keepAlive = 14_000;
/** Milliseconds without news after which the database is looked at: another process may execute the run. */
const lookInterval = 1000;

/** What a stream is made from. */
interface StreamSource {
  /** What happens to the run in this process. */
  readonly subscription: Subscription;
  /** What has been told of it. */
  readonly narration: Narration;
  /** All that has happened to it, whoever did it, as the database shows it. */
  readonly look: () => Promise<StreamEvent[]>;
  readonly include?: Include | undefined;
  readonly clock: Clock;
}

const encode = (events: readonly StreamEvent[], include?: Include): string =>
  events
    .map((event) => shownEvent(event, include))
    .map(({ event, data }) => encodeEvent(event, data))
    .join('');

/** Waits for something to happen to the run, or to be found of it; answers what is to be told. */
function createListener({ subscription, narration, look, clock }: StreamSource) {
  let pending = subscription.take();

  const find = async (): Promise<StreamEvent[]> => {
    const { heard } = subscription;
    const found = await look().catch(() => [engineFailed]);
    // What was heard meanwhile is at least as new, and comes next.
    return subscription.heard === heard ? narration.continue(found, 'retold', seconds(clock)) : [];
  };

  return async (): Promise<StreamEvent[]> => {
    const timer = new AbortController();
    const news = await Promise.race([pending, clock.sleep(lookInterval, timer.signal)]);
    timer.abort('news');
    if (news === undefined) return find();
    if (news.length > 0) pending = subscription.take();
    return narration.continue(news.length > 0 ? news : [goingDown], 'live', seconds(clock));
  };
}

/**
 * Answers with what happens to a run until it ends or waits for outputs (contract §7). A client
 * that goes away only ends its own subscription.
 */
export function answerStream(source: StreamSource): Response {
  const { subscription, narration, clock, include } = source;
  const listen = createListener(source);
  let spoke = clock.now();
  const next = async (): Promise<string | null> => {
    if (narration.ended) return null;
    let frames = '';
    while (frames === '') {
      frames = encode(await listen(), include);
      if (frames === '' && clock.now() - spoke >= keepAlive) frames = keepAliveFrame;
    }
    spoke = clock.now();
    if (!narration.ended) return frames;
    subscription.close();
    return frames + doneFrame;
  };
  return answerFrames(next, () => subscription.close());
}
