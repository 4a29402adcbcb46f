import { iterateAll } from '../store/keyset-page.ts';
import { findMessage, messageBody } from '../store/messages.ts';
import { runState } from '../store/runs.ts';
import type { Database, RunRow, StepRow } from '../store/schema.ts';
import { listSteps, stepBody } from '../store/steps.ts';
import { answerLastTurn, deleteTurns, insertTurn, sumUsage, type Turn } from '../store/turns.ts';

/*
 * A run that requires tool outputs continues from its turns. Our own exports include them; for other
 * runs they are rebuilt from the steps, as input items that any model endpoint accepts.
 */
type Call = { readonly id: string; readonly function: { name: string; arguments: string } };

const toItem = ({ id, function: { name, arguments: args } }: Call) => ({
  type: 'function_call',
  call_id: id,
  name,
  arguments: args,
});

async function messageItem(db: Database, run: RunRow, message_id: string): Promise<object[]> {
  const message = await findMessage(db, run.thread_id, message_id);
  const parts = message === undefined ? [] : messageBody(message).content;
  const content = parts
    .flatMap((part) => (part.type === 'text' ? [part.text.value] : []))
    .join('\n');
  return content === '' ? [] : [{ role: 'assistant', content }];
}

/** The function calls of a completed step, with their outputs. */
function completedCalls(step: StepRow) {
  const { step_details, status } = stepBody(step);
  if (step_details.type !== 'tool_calls' || status !== 'completed') return [];
  return step_details.tool_calls.flatMap((call) => (call.type === 'function' ? [call] : []));
}

async function turnsFromSteps(db: Database, run: RunRow): Promise<Turn[]> {
  // The usage of the single model calls is unknown.
  const usage = sumUsage([]);
  const turns: Turn[] = [];
  let precedingItems: object[] = [];
  for await (const step of iterateAll((page) => listSteps(db, run.id, page))) {
    const { step_details: details } = stepBody(step);
    if (details.type === 'message_creation') {
      precedingItems.push(...(await messageItem(db, run, details.message_creation.message_id)));
      continue;
    }
    const calls = completedCalls(step);
    if (calls.length === 0) continue;
    const outputs = calls.map((call) => ({
      tool_call_id: call.id,
      output: call.function.output ?? '',
    }));
    turns.push({
      items: [...precedingItems, ...calls.map((call) => toItem(call))],
      outputs,
      usage,
    });
    precedingItems = [];
  }
  const pendingCalls = runState(run).required_action?.submit_tool_outputs.tool_calls ?? [];
  const items = [...precedingItems, ...pendingCalls.map((call) => toItem(call))];
  return [...turns, { items, outputs: null, usage }];
}

/** Inserts the turns of a run that has none yet. */
export async function writeTurns(db: Database, run_id: string, turns: readonly Turn[]) {
  for (const [position, turn] of turns.entries()) {
    await insertTurn(db, run_id, position, turn);
    if (turn.outputs !== null) await answerLastTurn(db, run_id, turn.outputs);
  }
}

/** Replaces a pending run's turns by those rebuilt from its steps. */
export async function restoreTurns(db: Database, run: RunRow): Promise<void> {
  await deleteTurns(db, run.id);
  await writeTurns(db, run.id, await turnsFromSteps(db, run));
}
