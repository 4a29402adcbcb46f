import type OpenAI from 'openai';
import { unixSeconds } from '../../shared/clock.ts';
import type { SubmitToolOutputs } from '../../schema/run.ts';
import { errors } from '../http/errors.ts';
import { saveTransition, runSnapshot } from '../runs/end-run.ts';
import { transition, nextStatus } from '../run-state-machine.ts';
import { endStep, type WriteContext } from '../runs/step-writer.ts';
import { runState } from '../store/runs.ts';
import type { RunRow, StepRow } from '../store/schema.ts';
import { openSteps, stepBody } from '../store/steps.ts';
import { answerLastTurn, listTurns } from '../store/turns.ts';

type Outputs = SubmitToolOutputs['tool_outputs'];
type SubmitContext = Omit<WriteContext, 'ids'>;

/** For all outputs of one submission together. */
const maxOutputsBytes = 512 * 1024;

/** Rejects outputs for a run that waits for none (contract §2.2, row 33). */
export function requireWaiting(run: RunRow): void {
  if (nextStatus(run.status, 'submit') === undefined)
    throw errors.runNotWaitingForOutputs(run.status);
}

/** Requires exactly one output for each call (rows 34 and 35). */
function checkOutputs(run: RunRow, outputs: Outputs): void {
  const bytes = outputs.reduce((sum, { output }) => sum + Buffer.byteLength(output), 0);
  if (bytes >= maxOutputsBytes) throw errors.outputsTooLarge();
  const { required_action } = runState(run);
  const expected = required_action?.submit_tool_outputs.tool_calls.map(({ id }) => id) ?? [];
  const got = outputs.map(({ tool_call_id }) => tool_call_id);
  const isMatch = got.length === expected.length && expected.every((id) => got.includes(id));
  if (!isMatch) throw errors.wrongOutputs(expected, got);
}

async function completeToolStep(
  writeContext: SubmitContext,
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

/** Saves the outputs of a run's function calls and queues it again, in the caller's transaction (contract §5.6). */
export async function submitOutputs(
  writeContext: SubmitContext,
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
