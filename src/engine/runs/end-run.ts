import type OpenAI from 'openai';
import { type Clock, unixSeconds } from '../../shared/clock.ts';
import { noUsage, type ModelEvent, type FunctionCall } from '../models/model.ts';
import type { EngineDeps } from '../options.ts';
import { overdueRuns, type Now } from '../store/leases.ts';
import { deleteMessage, messageBody, openMessages } from '../store/messages.ts';
import { noLease, runSettings, runState, toRun, updateRun } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import type { Database, Usage } from '../store/schema.ts';
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
import { endMessage, endStep, openToolStep, type WriteContext } from './step-writer.ts';
import { overPromptBudget } from '../prompt/context.ts';

/** The events that end a run, and what each makes of the step and message still open. */
const endStatuses = {
  complete: { step: 'completed', message: null },
  cut_off: { step: 'completed', message: 'max_tokens' },
  fail: { step: 'failed', message: 'run_failed' },
  stop: { step: 'cancelled', message: 'run_cancelled' },
  expire: { step: 'expired', message: 'run_expired' },
} as const satisfies Partial<Record<RunEvent, object>>;

type RunEnding = keyof typeof endStatuses;

/** How a message still open at the end of its run is cut off. */
const cutReason = (ending: RunEnding) => endStatuses[ending].message;

const stepError = (
  error: OpenAI.Beta.Threads.Run.LastError | null | undefined,
): OpenAI.Beta.Threads.Runs.RunStep.LastError | null =>
  error === null || error === undefined
    ? null
    : {
        code: error.code === 'rate_limit_exceeded' ? error.code : 'server_error',
        message: error.message,
      };

export const runSnapshot = (run: RunRow): RunSnapshot => ({
  status: run.status,
  state: runState(run),
});

/** Whether a step is made of functions, which its run's caller answers; hosted tools run by themselves. */
const callsFunctions = ({ step_details: details }: Pick<StepBody, 'step_details'>): boolean =>
  details.type === 'tool_calls' && details.tool_calls.some(({ type }) => type === 'function');

/** Writes where a run has moved to, nobody executing it any more, and tells of it. */
export async function saveTransition(
  { db, emit }: Pick<WriteContext, 'db' | 'emit'>,
  run: RunRow,
  moved: RunSnapshot,
): Promise<RunRow> {
  const row = await updateRun(db, run.id, { ...moved, ...noLease });
  await deleteUnreferenced(db, run);
  emit(run.id, { event: `thread.run.${row.status}`, data: toRun(row) });
  return row;
}

/**
 * Ends a run and whatever of it is still open, in the caller's transaction; the thread is free
 * afterwards. A run that is being cancelled is cancelled by any ending that cannot happen to it.
 */
export async function endRun(
  writeContext: WriteContext,
  run: RunRow,
  wanted: RunEnding,
  outcome: TransitionData = {},
): Promise<RunRow> {
  const { db, clock } = writeContext;
  const ending = nextStatus(run.status, wanted) === undefined ? 'stop' : wanted;
  const turns = await listTurns(db, run.id);
  for (const message of await openMessages(db, run.id)) {
    await endMessage(writeContext, message, messageBody(message).content, cutReason(ending));
  }
  for (const step of await openSteps(db, run.id)) {
    // A step of functions is the last of its turn and carries the turn's usage (contract §5.2).
    const paid = callsFunctions(stepBody(step)) ? turns.at(-1)?.usage : undefined;
    await endStep(writeContext, step, endStatuses[ending].step, {
      usage: paid ?? noUsage,
      last_error: ending === 'fail' ? stepError(outcome.last_error) : null,
    });
  }
  const usage = sumUsage(turns.map((turn) => turn.usage));
  const kept = ending === wanted ? outcome : {};
  const moved = transition(runSnapshot(run), ending, unixSeconds(clock), { ...kept, usage });
  return saveTransition(writeContext, run, moved);
}

/**
 * Removes what a model call wrote that did not come to its end, because the same call is about to be
 * made again. A finished call of a run that goes on ends with a step of functions, so that whatever
 * comes after the last of those is not backed by a transcript.
 */
export async function discardUnfinished(db: Database, run: RunRow): Promise<void> {
  const steps = (await runSteps(db, run.id)).map(({ id, body }) => ({ id, ...stepBody({ body }) }));
  const finished = steps.findLastIndex(callsFunctions);
  for (const { id, step_details: details } of steps.slice(finished + 1)) {
    if (details.type === 'message_creation') {
      await deleteMessage(db, details.message_creation.message_id);
    }
    await deleteStep(db, id);
  }
}

/** Removes a message or a step that was begun and whose writer does not know of it. */
export async function discardOpen(db: Database, run: RunRow): Promise<void> {
  for (const message of await openMessages(db, run.id)) await deleteMessage(db, message.id);
  for (const step of await openSteps(db, run.id)) await deleteStep(db, step.id);
}

export const nowBoth = (clock: Clock): Now => ({
  seconds: unixSeconds(clock),
  milliseconds: clock.now(),
});

/** Ends every run whose time is over, of one thread or of all. */
export async function expireOverdueRuns(deps: EngineDeps, thread_id?: string): Promise<void> {
  const { db, clock, ids, events } = deps;
  const now = nowBoth(clock);
  if ((await overdueRuns(db, now, thread_id)).length === 0) return;
  await events.transactAndPublish(db, async (transaction, emit) => {
    const writeContext = { db: transaction, emit, clock, ids };
    for (const run of await overdueRuns(transaction, now, thread_id)) {
      await endRun(writeContext, run, 'expire');
    }
  });
}

export type Finished = Extract<ModelEvent, { type: 'finished' }>;
/** Whether the run stops here to have functions called; calls that were cut off are never shown. */
export const requiresToolOutputs = (run: RunRow, { end, calls }: Finished): boolean =>
  hasUsableCalls(end, calls) && nextStatus(run.status, 'require_action') !== undefined;
const hasUsableCalls = (end: Finished['end'], calls: readonly FunctionCall[]): boolean =>
  calls.length > 0 && (end === 'stop' || end === 'other');

async function requireAction(
  writeContext: WriteContext,
  run: RunRow,
  calls: readonly FunctionCall[],
): Promise<void> {
  const tool_calls = calls.map(({ id, name, arguments: args }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: args },
  }));
  const unanswered = tool_calls.map((call) => ({
    ...call,
    function: { ...call.function, output: null },
  }));
  await openToolStep(writeContext, run, unanswered);
  const moved = transition(runSnapshot(run), 'require_action', unixSeconds(writeContext.clock), {
    required_action: { type: 'submit_tool_outputs', submit_tool_outputs: { tool_calls } },
  });
  await saveTransition(writeContext, run, moved);
}

/** The end of a run whose model has nothing more to do (contract §5.7, §8.7). */
async function endTurn(
  writeContext: WriteContext,
  run: RunRow,
  end: Finished['end'],
  { spent, spoke }: { readonly spent: Usage; readonly spoke: boolean },
): Promise<void> {
  if (end === 'content_filter' && !spoke) {
    const message = "The model's answer was withheld by its content filter.";
    await endRun(writeContext, run, 'fail', { last_error: { code: 'invalid_prompt', message } });
  } else if (end === 'length') {
    const incomplete_details = { reason: 'max_completion_tokens' } as const;
    await endRun(writeContext, run, 'cut_off', { incomplete_details });
  } else if (overPromptBudget(runSettings(run), spent)) {
    const incomplete_details = { reason: 'max_prompt_tokens' } as const;
    await endRun(writeContext, run, 'cut_off', { incomplete_details });
  } else if (end === 'content_filter' || (end === 'other' && !spoke)) {
    await endRun(writeContext, run, 'cut_off');
  } else {
    await endRun(writeContext, run, 'complete');
  }
}

/**
 * Takes a run where its finished model call leads: to the caller for outputs, or to its end.
 * `spent` is what all calls of the run have used, this one included; `spoke` whether this one made
 * a message.
 */
export async function finishTurn(
  writeContext: WriteContext,
  run: RunRow,
  event: Finished,
  so: { readonly spent: Usage; readonly spoke: boolean },
): Promise<void> {
  if (requiresToolOutputs(run, event)) await requireAction(writeContext, run, event.calls);
  else if (hasUsableCalls(event.end, event.calls)) await endRun(writeContext, run, 'stop');
  else await endTurn(writeContext, run, event.end, so);
}
