import type OpenAI from 'openai';
import type { Usage } from './store/schema.ts';
import { type Clock, unixSeconds } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';

/** The outcome of one model call. */
export interface ModelCallReport {
  /** `interrupted`: the run was cancelled, expired or released, or its lease was lost. */
  readonly outcome: 'succeeded' | 'failed' | 'interrupted';
  readonly seconds: number;
  /** Null unless the call succeeded. */
  readonly usage: Usage | null;
}

/** Telemetry hooks of an engine. Each is called once per occurrence and must not throw. */
export interface Observer {
  /** The first model call of a run starts; `queuedSeconds` is a whole number. */
  runStarted(queuedSeconds: number): void;
  /** This process ended a run. */
  runEnded(status: OpenAI.Beta.Threads.RunStatus): void;
  /** This process claimed a run whose previous holder let the lease lapse. */
  leaseTakenOver(): void;
  /** A model call finished; each retry is a call of its own. */
  modelCalled(model: string, report: ModelCallReport): void;
  /** A failed model call will be retried; retries inside the SDK do not count. */
  modelRetried(model: string): void;
}

type Run = OpenAI.Beta.Threads.Run;

interface RunEndDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly observer?: Observer;
}

const differences = ['omitted_parameters', 'omitted_tools', 'response_format_mismatch'] as const;

/** Logs and reports a run that this process ended. Call it once per run, after the commit. */
export function logRunEnd({ log, clock, observer }: RunEndDeps, run: Run): void {
  const { id, thread_id, status, model, created_at, usage, last_error: error } = run;
  log.info('run ended', {
    run_id: id,
    thread_id,
    status,
    model,
    // Absent if it is the same model.
    requested_model: Reflect.get(run, 'requested_model'),
    // Absent if the run was executed as it was asked for.
    ...Object.fromEntries(differences.map((name) => [name, Reflect.get(run, name)])),
    // Includes the time in the queue.
    seconds: unixSeconds(clock) - created_at,
    tokens: usage?.total_tokens ?? 0,
    ...(error === null ? {} : { code: error.code, error: error.message }),
  });
  observer?.runEnded(status);
}
