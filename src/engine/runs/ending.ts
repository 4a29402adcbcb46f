import type OpenAI from 'openai';
import type { Clock } from '../../clock.ts';
import { seconds } from '../../clock.ts';
import { noUsage } from '../models/model.ts';
import { dueRuns, type Moment } from '../store/leases.ts';
import { deleteMessage, messageBody, openMessages } from '../store/messages.ts';
import { type RunRow, runState, updateRun } from '../store/runs.ts';
import type { Database } from '../store/schema.ts';
import { deleteStep, openSteps, stepBody } from '../store/steps.ts';
import { listTurns, sumUsage } from '../store/turns.ts';
import { advance, nextStatus, type Outcome, type RunEvent } from './machine.ts';
import { endMessage, endStep } from './steps.ts';

/** The events that end a run, and what each makes of the step and message still open. */
const endings = {
  complete: { step: 'completed', message: null },
  cut_off: { step: 'completed', message: 'max_tokens' },
  fail: { step: 'failed', message: 'run_failed' },
  stop: { step: 'cancelled', message: 'run_cancelled' },
  expire: { step: 'expired', message: 'run_expired' },
} as const satisfies Partial<Record<RunEvent, object>>;

type RunEnding = keyof typeof endings;

const stepError = (
  error: OpenAI.Beta.Threads.Run.LastError | null | undefined,
): OpenAI.Beta.Threads.Runs.RunStep.LastError | null =>
  error === null || error === undefined
    ? null
    : {
        code: error.code === 'rate_limit_exceeded' ? error.code : 'server_error',
        message: error.message,
      };

/**
 * Ends a run and whatever of it is still open, in the caller's transaction; the thread is free
 * afterwards. A run that is being cancelled is cancelled by any ending that cannot happen to it.
 */
export async function endRun(
  db: Database,
  run: RunRow,
  wanted: RunEnding,
  now: number,
  outcome: Outcome = {},
): Promise<RunRow> {
  const ending = nextStatus(run.status, wanted) === undefined ? 'stop' : wanted;
  const turns = await listTurns(db, run.id);
  for (const message of await openMessages(db, run.id)) {
    const { content } = messageBody(message);
    await endMessage(db, message, content, now, endings[ending].message);
  }
  for (const step of await openSteps(db, run.id)) {
    // A tool step is the last of its turn and carries the turn's usage (contract §5.2).
    const paid = stepBody(step).type === 'tool_calls' ? turns.at(-1)?.usage : undefined;
    await endStep(db, step, endings[ending].step, now, {
      usage: paid ?? noUsage,
      last_error: ending === 'fail' ? stepError(outcome.last_error) : null,
    });
  }
  const usage = sumUsage(turns.map((turn) => turn.usage));
  const kept = ending === wanted ? outcome : {};
  const moved = advance({ status: run.status, state: runState(run) }, ending, now, {
    ...kept,
    usage,
  });
  return updateRun(db, run.id, { ...moved, lease_token: null, lease_until: null });
}

/** Removes what an execution that is no more had begun to write: its successor begins anew. */
export async function discardOpenMessages(db: Database, run: RunRow): Promise<void> {
  for (const step of await openSteps(db, run.id)) {
    if (stepBody(step).type === 'message_creation') await deleteStep(db, step.id);
  }
  for (const message of await openMessages(db, run.id)) await deleteMessage(db, message.id);
}

export const moment = (clock: Clock): Moment => ({
  seconds: seconds(clock),
  milliseconds: clock.now(),
});

/** Ends every run whose time is over, of one thread or of all; answers how many there were. */
export async function expireDueRuns(
  db: Database,
  clock: Clock,
  thread_id?: string,
): Promise<number> {
  const now = moment(clock);
  if ((await dueRuns(db, now, thread_id)).length === 0) return 0;
  return db.transaction().execute(async (transaction) => {
    const due = await dueRuns(transaction, now, thread_id);
    for (const run of due) await endRun(transaction, run, 'expire', now.seconds);
    return due.length;
  });
}
