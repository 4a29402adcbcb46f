import type OpenAI from 'openai';
import type { Usage } from './store/schema.ts';
import { type Clock, unixSeconds } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';

/** How one model call went. */
export interface ModelCallReport {
  /** `interrupted`: its run was stopped, or went to somebody else. */
  readonly outcome: 'succeeded' | 'failed' | 'interrupted';
  readonly seconds: number;
  /** Null unless it succeeded. */
  readonly usage: Usage | null;
}

/**
 * Hears what happens in an engine, each thing once and when it is so, for somebody who counts.
 * It has no say in anything, and must not throw.
 */
export interface Observer {
  /** A run is taken up for the first time, so many whole seconds after it was made. */
  runStarted(queuedSeconds: number): void;
  /** A run has come to its end here. */
  runEnded(status: OpenAI.Beta.Threads.RunStatus): void;
  /** A run is gone on with here whose holder let its lease lapse. */
  leaseTakenOver(): void;
  /** A call to a model is over; one that is tried again is another call. */
  modelCalled(model: string, report: ModelCallReport): void;
  /** A call that failed is about to be made again, beyond what the SDK tries by itself. */
  modelRetried(model: string): void;
}

type Run = OpenAI.Beta.Threads.Run;

interface RunEndDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly observer?: Observer;
}

/** Called once for each run that this process has ended, when its end is committed. */
export function logRunEnd({ log, clock, observer }: RunEndDeps, run: Run): void {
  const { id, thread_id, status, model, created_at, usage, last_error: error } = run;
  log.info('run ended', {
    run_id: id,
    thread_id,
    status,
    model,
    // Absent where it is the same.
    requested_model: Reflect.get(run, 'requested_model'),
    // From the queue to the end.
    seconds: unixSeconds(clock) - created_at,
    tokens: usage?.total_tokens ?? 0,
    ...(error === null ? {} : { code: error.code, error: error.message }),
  });
  observer?.runEnded(status);
}
