import { backoffMs, type Clock } from '../../shared/clock.ts';
import type { ModelCallReport } from '../observer.ts';
import { isAnswer, type Model, type ModelEvent, ModelFailure, type ModelRequest } from './model.ts';
import { maxUnusableAnswers, UnusableAnswer } from './upstream-error.ts';

/** With these pauses, 7 calls outlast about a minute of outage. */
const maxCalls = 7;
const pauses = { firstMs: 1000, maxMs: 32_000 };

interface RetryOptions {
  readonly clock: Clock;
  /** When the run expires, in milliseconds since the epoch. */
  readonly deadlineMs: number;
  /** How long a call may send nothing; null: until the deadline, as local models may read for long. */
  readonly stallTimeoutMs: number | null;
  /** Called before each pause, which waits for its promise. */
  readonly onRetry: (failure: ModelFailure, pauseMs: number) => unknown;
  /** Called after each call. */
  readonly onCall?: (call: ModelCallReport) => void;
}

/** Aborts its signal when the model is awaited for too long without an event. */
function createStallWatchdog(clock: Clock, stallTimeoutMs: number, stop: AbortSignal) {
  const stalled = new AbortController();
  let awaitedSince = clock.now();
  let isAwaiting = true;
  const watch = async () => {
    for (let remainingMs = stallTimeoutMs; remainingMs > 0 && !stop.aborted;) {
      await clock.sleep(remainingMs, stop);
      remainingMs = (isAwaiting ? awaitedSince : clock.now()) + stallTimeoutMs - clock.now();
    }
    if (!stop.aborted) stalled.abort();
  };
  void watch();
  return {
    signal: stalled.signal,
    /** False while the caller handles an event: that time does not count as a stall. */
    setAwaiting(value: boolean) {
      isAwaiting = value;
      awaitedSince = clock.now();
    },
  };
}

/** One model call without mere signs of life; fails when the model stalls. */
async function* callOnce(
  model: Model,
  request: ModelRequest,
  { clock, stallTimeoutMs }: Pick<RetryOptions, 'clock' | 'stallTimeoutMs'>,
): AsyncGenerator<readonly ModelEvent[]> {
  if (stallTimeoutMs === null) {
    for await (const batch of model.respond(request)) {
      if (isAnswer(batch)) yield batch;
    }
    return;
  }
  const stop = new AbortController();
  const watchdog = createStallWatchdog(clock, stallTimeoutMs, stop.signal);
  const signal = AbortSignal.any([request.signal, watchdog.signal]);
  try {
    for await (const batch of model.respond({ ...request, signal })) {
      watchdog.setAwaiting(false);
      if (isAnswer(batch)) yield batch;
      watchdog.setAwaiting(true);
    }
  } catch (error) {
    if (!watchdog.signal.aborted || request.signal.aborted) throw error;
    const message = `The model sent nothing for ${stallTimeoutMs / 1000} seconds.`;
    throw new ModelFailure('server_error', message, 0);
  } finally {
    stop.abort('done');
  }
}

const maxCallsAfter = (error: unknown): number =>
  error instanceof UnusableAnswer ? maxUnusableAnswers : maxCalls;

/** The jitter of up to 25 % keeps many runs from retrying at once. */
const pauseMsAfter = (attempt: number, retryAfterMs: number): number =>
  Math.max(retryAfterMs, backoffMs(attempt, pauses) * (0.75 + Math.random() / 4));

/**
 * Calls the model, and again after a retryable failure: an outage, a broken or a stalled stream, or an
 * answer that nobody can use. Retries
 * only before the first event, because what callers have seen cannot be taken back, and only if the
 * pause ends before the deadline. Throws the last failure, or the abort reason of the request's signal.
 */
export async function* callWithRetry(
  model: Model,
  request: ModelRequest,
  options: RetryOptions,
): AsyncGenerator<readonly ModelEvent[]> {
  const { signal } = request;
  const { clock, deadlineMs, onRetry, onCall } = options;
  const call = () => {
    const events = callOnce(model, request, options);
    return onCall === undefined ? events : withReport(events, { clock, signal, report: onCall });
  };
  for (let attempt = 1; ; attempt += 1) {
    let hasEvents = false;
    try {
      for await (const batch of call()) {
        hasEvents = true;
        yield batch;
      }
      return;
    } catch (error) {
      if (hasEvents || signal.aborted || attempt >= maxCallsAfter(error)) throw error;
      if (!(error instanceof ModelFailure) || error.retryAfterMs === null) throw error;
      const pauseMs = pauseMsAfter(attempt, error.retryAfterMs);
      if (clock.now() + pauseMs >= deadlineMs) throw error;
      await onRetry(error, pauseMs);
      await clock.sleep(pauseMs, signal);
      signal.throwIfAborted();
    }
  }
}

interface ReportOptions {
  readonly clock: Clock;
  /** The call's signal: a call that it aborts is reported as interrupted, not failed. */
  readonly signal: AbortSignal;
  /** Called once, when the call ends. */
  readonly report: (call: ModelCallReport) => void;
}

/** Passes on the events of one model call and reports its outcome, duration and usage. */
export async function* withReport(
  events: AsyncIterable<readonly ModelEvent[]>,
  { clock, signal, report }: ReportOptions,
): AsyncGenerator<readonly ModelEvent[]> {
  const startMs = clock.now();
  let isReported = false;
  const reportCall = (
    outcome: ModelCallReport['outcome'],
    usage: ModelCallReport['usage'] = null,
  ) => {
    if (!isReported) report({ outcome, usage, seconds: Math.max(0, clock.now() - startMs) / 1000 });
    isReported = true;
  };
  try {
    for await (const batch of events) {
      const finished = batch.find(({ type }) => type === 'finished');
      if (finished?.type === 'finished') reportCall('succeeded', finished.usage);
      yield batch;
    }
    reportCall('failed');
  } catch (error) {
    if (!signal.aborted) reportCall('failed');
    throw error;
  } finally {
    reportCall('interrupted');
  }
}
