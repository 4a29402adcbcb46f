import type OpenAI from 'openai';
import { type Clock, unixSeconds } from '../../shared/clock.ts';
import { noUsage, type ModelEvent, type FunctionCall } from '../models/model.ts';
import type { EngineDeps } from '../options.ts';
import { hasOverdueRuns, overdueRuns, type Now } from '../store/leases.ts';
import { deleteMessage, messageBody, openMessages } from '../store/messages.ts';
import { noLease, runSettings, runState, toRun, updateRun } from '../store/runs.ts';
import type { Database, RunRow, Usage } from '../store/schema.ts';
import { deleteStep, openSteps, runSteps, type StepBody, stepBody } from '../store/steps.ts';
import { listTurns, sumUsage } from '../store/turns.ts';
import { deleteUnreferenced } from './generated-files.ts';
import {
  transition,
  nextStatus,
  type TransitionData,
  type RunEvent,
  type RunSnapshot,
} from '../run-state-machine.ts';
import { endMessage, endStep, startToolStep, type WriteContext } from './step-writer.ts';
import { overPromptBudget } from '../prompt/context.ts';

/** The events that end a run, and how each ends the open step and message. */
const endStatuses = {
  complete: { step: 'completed', message: null },
  cut_off: { step: 'completed', message: 'max_tokens' },
  fail: { step: 'failed', message: 'run_failed' },
  stop: { step: 'cancelled', message: 'run_cancelled' },
  expire: { step: 'expired', message: 'run_expired' },
} as const satisfies Partial<Record<RunEvent, object>>;

type RunEnding = keyof typeof endStatuses;

const stepError = (
  error: OpenAI.Beta.Threads.Run.LastError | null | undefined,
): OpenAI.Beta.Threads.Runs.RunStep.LastError | null =>
  error === null || error === undefined
    ? null
    : {
        code: error.code === 'rate_limit_exceeded' ? error.code : 'server_error',
        message: error.message,
      };

export function runSnapshot(run: RunRow): RunSnapshot {
  const { retried_error: _ended, ...state } = runState(run);
  return { status: run.status, state };
}

/** Whether a step consists of function calls, whose outputs the API's caller submits. */
const callsFunctions = ({ step_details: details }: Pick<StepBody, 'step_details'>): boolean =>
  details.type === 'tool_calls' && details.tool_calls.some(({ type }) => type === 'function');

/** Saves a run that leaves its execution: drops the lease and emits the new status. */
export async function saveTransition(
  { db, emit }: Pick<WriteContext, 'db' | 'emit'>,
  run: RunRow,
  snapshot: RunSnapshot,
): Promise<RunRow> {
  const row = await updateRun(db, run, { ...snapshot, ...noLease });
  await deleteUnreferenced(db, run);
  emit(run.id, { event: `thread.run.${row.status}`, data: toRun(row) });
  return row;
}

/**
 * Ends a run with its open steps and messages, in the caller's transaction. Unlocks the thread.
 * If the state machine does not allow the ending, as in a cancelling run, the run is cancelled.
 * `openUsage` is that of a turn whose step is open, if it does not end with function calls.
 */
export async function endRun(
  writeContext: WriteContext,
  run: RunRow,
  requested: RunEnding,
  data: TransitionData = {},
  openUsage: Usage = noUsage,
): Promise<RunRow> {
  const { db, clock } = writeContext;
  const ending = nextStatus(run.status, requested) === undefined ? 'stop' : requested;
  const { step: stepStatus, message: incompleteReason } = endStatuses[ending];
  const turns = await listTurns(db, run.id);
  for (const message of await openMessages(db, run.id)) {
    await endMessage(writeContext, message, messageBody(message).content, incompleteReason);
  }
  for (const step of await openSteps(db, run.id)) {
    // A step of function calls is the last of its turn, so it has the turn's usage (contract §5.2).
    const turnUsage = callsFunctions(stepBody(step)) ? turns.at(-1)?.usage : undefined;
    await endStep(writeContext, step, stepStatus, {
      usage: turnUsage ?? openUsage,
      last_error: ending === 'fail' ? stepError(data.last_error) : null,
    });
  }
  const usage = sumUsage(turns.map((turn) => turn.usage));
  const fields = { ...(ending === requested ? data : {}), usage };
  const ended = transition(runSnapshot(run), ending, unixSeconds(clock), fields);
  return saveTransition(writeContext, run, ended);
}

/**
 * Deletes what an unfinished model call wrote, because that call will be repeated: everything after
 * the last step of function calls, with which every finished call of an active run ends.
 */
export async function discardUnfinished(db: Database, run: RunRow): Promise<void> {
  const steps = (await runSteps(db, run.id)).map(({ id, body }) => ({ id, ...stepBody({ body }) }));
  const lastFinished = steps.findLastIndex(callsFunctions);
  for (const { id, step_details: details } of steps.slice(lastFinished + 1)) {
    if (details.type === 'message_creation') {
      await deleteMessage(db, details.message_creation.message_id);
    }
    await deleteStep(db, id);
  }
}

/** Deletes open messages and steps left by a write whose commit was never confirmed. */
export async function discardOpen(db: Database, run: RunRow): Promise<void> {
  for (const message of await openMessages(db, run.id)) await deleteMessage(db, message.id);
  for (const step of await openSteps(db, run.id)) await deleteStep(db, step.id);
}

export const nowBoth = (clock: Clock): Now => ({
  seconds: unixSeconds(clock),
  milliseconds: clock.now(),
});

/** Expires all overdue runs, of one thread or of all threads. */
export async function expireOverdueRuns(deps: EngineDeps, thread_id?: string): Promise<void> {
  const { db, clock, ids, events } = deps;
  const now = nowBoth(clock);
  if (!(await hasOverdueRuns(db, now, thread_id))) return;
  await events.transactAndPublish(db, async (transaction, emit) => {
    const writeContext = { db: transaction, emit, clock, ids };
    for (const run of await overdueRuns(transaction, now, thread_id)) {
      await endRun(writeContext, run, 'expire');
    }
  });
}

export type FinishedEvent = Extract<ModelEvent, { type: 'finished' }>;

/** Whether the turn ends with a step of function calls; truncated calls are never shown. */
export const endsWithCalls = ({ end, calls }: FinishedEvent): boolean =>
  calls.length > 0 && (end === 'stop' || end === 'other');

/** Shows the function calls; the run waits for their outputs, unless it was cancelled meanwhile. */
async function showCalls(
  writeContext: WriteContext,
  run: RunRow,
  calls: readonly FunctionCall[],
): Promise<void> {
  const tool_calls = calls.map(({ id, name, arguments: args }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: args },
  }));
  const withoutOutputs = tool_calls.map((call) => ({
    ...call,
    function: { ...call.function, output: null },
  }));
  await startToolStep(writeContext, run, withoutOutputs);
  if (nextStatus(run.status, 'require_action') === undefined) {
    await endRun(writeContext, run, 'stop');
    return;
  }
  const waiting = transition(runSnapshot(run), 'require_action', unixSeconds(writeContext.clock), {
    required_action: { type: 'submit_tool_outputs', submit_tool_outputs: { tool_calls } },
  });
  await saveTransition(writeContext, run, waiting);
}

interface TurnTotals {
  /** Tokens of all model calls of the run, this one included. */
  readonly usedTokens: Usage;
  /** Whether this call produced a message. */
  readonly hasMessage: boolean;
}

/** Ends a run whose model calls no functions (contract §5.7, §8.7). */
async function endTurn(
  writeContext: WriteContext,
  run: RunRow,
  end: FinishedEvent['end'],
  { usedTokens, hasMessage }: TurnTotals,
): Promise<void> {
  if (end === 'content_filter' && !hasMessage) {
    const message = "The model's answer was withheld by its content filter.";
    await endRun(writeContext, run, 'fail', { last_error: { code: 'invalid_prompt', message } });
  } else if (end === 'length') {
    const incomplete_details = { reason: 'max_completion_tokens' } as const;
    await endRun(writeContext, run, 'cut_off', { incomplete_details });
  } else if (overPromptBudget(runSettings(run), usedTokens)) {
    const incomplete_details = { reason: 'max_prompt_tokens' } as const;
    await endRun(writeContext, run, 'cut_off', { incomplete_details });
  } else if (end === 'content_filter' || (end === 'other' && !hasMessage)) {
    await endRun(writeContext, run, 'cut_off');
  } else {
    await endRun(writeContext, run, 'complete');
  }
}

/** Moves a run on after a finished model call: it waits for tool outputs, or ends. */
export async function finishTurn(
  writeContext: WriteContext,
  run: RunRow,
  event: FinishedEvent,
  totals: TurnTotals,
): Promise<void> {
  if (endsWithCalls(event)) await showCalls(writeContext, run, event.calls);
  else await endTurn(writeContext, run, event.end, totals);
}
