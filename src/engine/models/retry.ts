import type { Clock } from '../../shared/clock.ts';
import type { ModelCallReport } from '../observer.ts';
import { type Model, type ModelEvent, ModelFailure, type ModelRequest } from './model.ts';

/*
 * What a run does about a model endpoint in trouble. The SDK makes a call again at once when it is
 * refused for the moment or cannot be made, and waits as it is told to. What outlasts that, and
 * streams that break off or stand still, which the SDK leaves to its callers, are called again here:
 * after growing pauses, within the run's lifetime, and only while nothing of the answer has been
 * used, because what was shown to a reader cannot be taken back.
 */

/** Milliseconds a model may think in silence; Node's fetch itself gives up after five minutes. */
const stallTimeoutMs = 240_000;

/** Calls for one answer: about a minute of trouble is waited out. */
const maxCalls = 7;
const firstPause = 1000;
const longestPause = 32_000;

interface RetryOptions {
  readonly clock: Clock;
  /** When the run expires, in milliseconds since the epoch. */
  readonly until: number;
  /** Hears of every failure that is to be tried again, and of the pause before, in milliseconds. */
  readonly onRetry: (failure: ModelFailure, pause: number) => void;
  /** Hears how each call went. */
  readonly onCall?: (call: ModelCallReport) => void;
}

/** Aborts when nothing has been heard for too long; time in which nobody listens does not count. */
function createStallWatchdog(clock: Clock, over: AbortSignal) {
  const stalled = new AbortController();
  let heard = clock.now();
  let isListening = true;
  const watch = async () => {
    for (let left = stallTimeoutMs; left > 0 && !over.aborted;) {
      await clock.sleep(left, over);
      left = (isListening ? heard : clock.now()) + stallTimeoutMs - clock.now();
    }
    if (!over.aborted) stalled.abort();
  };
  void watch();
  return {
    signal: stalled.signal,
    listen(now: boolean) {
      isListening = now;
      heard = clock.now();
    },
  };
}

/** One model call, given up when it stands still. */
async function* callOnce(
  model: Model,
  request: ModelRequest,
  clock: Clock,
): AsyncGenerator<ModelEvent> {
  const over = new AbortController();
  const watch = createStallWatchdog(clock, over.signal);
  const signal = AbortSignal.any([request.signal, watch.signal]);
  try {
    for await (const event of model.respond({ ...request, signal })) {
      watch.listen(false);
      if (event.type !== 'heartbeat') yield event;
      watch.listen(true);
    }
  } catch (error) {
    if (!watch.signal.aborted || request.signal.aborted) throw error;
    const message = `The model said nothing for ${stallTimeoutMs / 1000} seconds.`;
    throw new ModelFailure('server_error', message, 0);
  } finally {
    over.abort('over');
  }
}

/** Milliseconds before call number `next`, with jitter, so that many runs do not come back at once. */
function pauseBefore(next: number, again: number): number {
  const pause = Math.min(longestPause, firstPause * 2 ** (next - 2));
  return Math.max(again, pause * (0.75 + Math.random() / 4));
}

/**
 * Makes a model call, and makes it again while it fails for a passing reason. Throws the last
 * failure, or what the request's signal aborts with.
 */
export async function* callWithRetry(
  model: Model,
  request: ModelRequest,
  { clock, until, onRetry, onCall }: RetryOptions,
): AsyncGenerator<ModelEvent> {
  const { signal } = request;
  const call = () => {
    const events = callOnce(model, request, clock);
    return onCall === undefined ? events : withReport(events, { clock, signal, report: onCall });
  };
  for (let next = 2; ; next += 1) {
    let isUsed = false;
    try {
      for await (const event of call()) {
        isUsed = true;
        yield event;
      }
      return;
    } catch (error) {
      if (isUsed || signal.aborted || next > maxCalls) throw error;
      if (!(error instanceof ModelFailure) || error.retryAfterMs === null) throw error;
      const pause = pauseBefore(next, error.retryAfterMs);
      if (clock.now() + pause >= until) throw error;
      onRetry(error, pause);
      await clock.sleep(pause, signal);
      signal.throwIfAborted();
    }
  }
}

interface Timing {
  readonly clock: Clock;
  /** Aborts when the call is to be broken off. */
  readonly signal: AbortSignal;
  /** Hears once how the call went. */
  readonly report: (call: ModelCallReport) => void;
}

/** The events of one model call as they come, and a report of it. */
export async function* withReport(
  events: AsyncIterable<ModelEvent>,
  { clock, signal, report }: Timing,
): AsyncGenerator<ModelEvent> {
  const began = clock.now();
  let isTold = false;
  const reportCall = (
    outcome: ModelCallReport['outcome'],
    usage: ModelCallReport['usage'] = null,
  ) => {
    if (!isTold) report({ outcome, usage, seconds: Math.max(0, clock.now() - began) / 1000 });
    isTold = true;
  };
  try {
    for await (const event of events) {
      if (event.type === 'finished') reportCall('succeeded', event.usage);
      yield event;
    }
    reportCall('failed');
  } catch (error) {
    if (!signal.aborted) reportCall('failed');
    throw error;
  } finally {
    reportCall('interrupted');
  }
}
