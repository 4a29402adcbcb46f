import type OpenAI from 'openai';
import type { SubmitToolOutputs } from '../../schema/run.ts';
import { errors } from '../http/errors.ts';
import { advance, nextStatus } from '../runs/machine.ts';
import { endStep } from '../runs/steps.ts';
import { type RunRow, runState, updateRun } from '../store/runs.ts';
import type { Database } from '../store/schema.ts';
import { openSteps, stepBody, type StepRow } from '../store/steps.ts';
import { answerLastTurn, listTurns } from '../store/turns.ts';

type Outputs = SubmitToolOutputs['tool_outputs'];

/** Bytes that the outputs of one submission may have together. */
const mostBytes = 512 * 1024;

/** Refuses outputs for a run that waits for none (contract §2.2, row 33). */
export function checkWaiting(run: RunRow): void {
  if (nextStatus(run.status, 'submit') === undefined) throw errors.noOutputsWanted(run.status);
}

/** Every call must be answered, once, and nothing else (rows 34 and 35). */
function checkOutputs(run: RunRow, outputs: Outputs): void {
  const bytes = outputs.reduce((sum, { output }) => sum + Buffer.byteLength(output), 0);
  if (bytes >= mostBytes) throw errors.outputsTooLarge();
  const { required_action } = runState(run);
  const wanted = required_action?.submit_tool_outputs.tool_calls.map(({ id }) => id) ?? [];
  const got = outputs.map(({ tool_call_id }) => tool_call_id);
  const same = got.length === wanted.length && wanted.every((id) => got.includes(id));
  if (!same) throw errors.wrongOutputs(wanted, got);
}

async function completeToolStep(
  db: Database,
  run: RunRow,
  step: StepRow,
  outputs: Outputs,
  now: number,
): Promise<void> {
  const details = stepBody(step).step_details;
  if (details.type !== 'tool_calls') return;
  const byId = new Map(outputs.map(({ tool_call_id, output }) => [tool_call_id, output]));
  const tool_calls = details.tool_calls.map((call): OpenAI.Beta.Threads.Runs.ToolCall =>
    call.type === 'function'
      ? { ...call, function: { ...call.function, output: byId.get(call.id) ?? null } }
      : call,
  );
  const turns = await listTurns(db, run.id);
  await endStep(db, step, 'completed', now, {
    usage: turns.at(-1)?.usage ?? null,
    step_details: { type: 'tool_calls', tool_calls },
  });
}

/**
 * Takes the outputs of a run's function calls and queues the run again, in the caller's transaction
 * (contract §5.6). `now` is in Unix seconds.
 */
export async function submitOutputs(
  db: Database,
  run: RunRow,
  outputs: Outputs,
  now: number,
): Promise<RunRow> {
  checkWaiting(run);
  checkOutputs(run, outputs);
  for (const step of await openSteps(db, run.id)) {
    await completeToolStep(db, run, step, outputs, now);
  }
  await answerLastTurn(db, run.id, outputs);
  const moved = advance({ status: run.status, state: runState(run) }, 'submit', now);
  return updateRun(db, run.id, { ...moved, lease_token: null, lease_until: null });
}
