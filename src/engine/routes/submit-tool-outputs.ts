import type OpenAI from 'openai';
import { unixSeconds } from '../../shared/clock.ts';
import type { SubmitToolOutputs } from '../../schema/run.ts';
import { errors } from '../http/errors.ts';
import { saveTransition, runSnapshot } from '../runs/end-run.ts';
import { transition, nextStatus } from '../run-state-machine.ts';
import { endStep, type WriteContext } from '../runs/step-writer.ts';
import { runState } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import { openSteps, stepBody } from '../store/steps.ts';
import { type StepRow } from '../store/schema.ts';
import { answerLastTurn, listTurns } from '../store/turns.ts';

type Outputs = SubmitToolOutputs['tool_outputs'];
type Submission = Omit<WriteContext, 'ids'>;

/** Bytes that the outputs of one submission may have together. */
const maxBytes = 512 * 1024;

/** Refuses outputs for a run that waits for none (contract §2.2, row 33). */
export function requireWaiting(run: RunRow): void {
  if (nextStatus(run.status, 'submit') === undefined)
    throw errors.runNotWaitingForOutputs(run.status);
}

/** Every call must be answered, once, and nothing else (rows 34 and 35). */
function checkOutputs(run: RunRow, outputs: Outputs): void {
  const bytes = outputs.reduce((sum, { output }) => sum + Buffer.byteLength(output), 0);
  if (bytes >= maxBytes) throw errors.outputsTooLarge();
  const { required_action } = runState(run);
  const wanted = required_action?.submit_tool_outputs.tool_calls.map(({ id }) => id) ?? [];
  const got = outputs.map(({ tool_call_id }) => tool_call_id);
  const same = got.length === wanted.length && wanted.every((id) => got.includes(id));
  if (!same) throw errors.wrongOutputs(wanted, got);
}

async function completeToolStep(
  writeContext: Submission,
  run: RunRow,
  step: StepRow,
  outputs: Outputs,
): Promise<void> {
  const details = stepBody(step).step_details;
  if (details.type !== 'tool_calls') return;
  const byId = new Map(outputs.map(({ tool_call_id, output }) => [tool_call_id, output]));
  const tool_calls = details.tool_calls.map((call): OpenAI.Beta.Threads.Runs.ToolCall =>
    call.type === 'function'
      ? { ...call, function: { ...call.function, output: byId.get(call.id) ?? null } }
      : call,
  );
  const turns = await listTurns(writeContext.db, run.id);
  await endStep(writeContext, step, 'completed', {
    usage: turns.at(-1)?.usage ?? null,
    step_details: { type: 'tool_calls', tool_calls },
  });
}

/**
 * Takes the outputs of a run's function calls and queues the run again, in the caller's transaction
 * (contract §5.6).
 */
export async function submitOutputs(
  writeContext: Submission,
  run: RunRow,
  outputs: Outputs,
): Promise<RunRow> {
  requireWaiting(run);
  checkOutputs(run, outputs);
  const { db, clock } = writeContext;
  for (const step of await openSteps(db, run.id)) {
    await completeToolStep(writeContext, run, step, outputs);
  }
  await answerLastTurn(db, run.id, outputs);
  return saveTransition(
    writeContext,
    run,
    transition(runSnapshot(run), 'submit', unixSeconds(clock)),
  );
}
