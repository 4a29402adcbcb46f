import type OpenAI from 'openai';
import { unixSeconds } from '../shared/clock.ts';
import type { EngineOptions } from './options.ts';

type Run = OpenAI.Beta.Threads.Run;

/** Called once for each run that this process has ended, when its end is committed. */
export function logRunEnd(
  { log, clock, observer }: Pick<EngineOptions, 'log' | 'clock' | 'observer'>,
  run: Run,
): void {
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
