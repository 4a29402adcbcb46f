import { findMessage, messageBody } from '../store/messages.ts';
import { runState } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import type { Database } from '../store/schema.ts';
import { listSteps, stepBody } from '../store/steps.ts';
import { type StepRow } from '../store/schema.ts';
import { answerLastTurn, deleteTurns, insertTurn, sumUsage, type Turn } from '../store/turns.ts';
import { iterateAll } from '../store/keyset-page.ts';

/*
 * What the model of a waiting run has to be shown when the run goes on: the calls it made, and what
 * came before them. A run exported here brings its turns along. Of a run from elsewhere they are
 * put together from its steps, as the input items that any model endpoint reads.
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
  const said = message === undefined ? [] : messageBody(message).content;
  const content = said
    .flatMap((part) => (part.type === 'text' ? [part.text.value] : []))
    .join('\n');
  return content === '' ? [] : [{ role: 'assistant', content }];
}

/** The calls of a step that are done, and their outputs. */
function completedCalls(step: StepRow) {
  const { step_details, status } = stepBody(step);
  if (step_details.type !== 'tool_calls' || status !== 'completed') return [];
  return step_details.tool_calls.flatMap((call) => (call.type === 'function' ? [call] : []));
}

async function turnsFromSteps(db: Database, run: RunRow): Promise<Turn[]> {
  // Nobody knows which call took how much.
  const usage = sumUsage([]);
  const turns: Turn[] = [];
  let before: object[] = [];
  for await (const step of iterateAll((page) => listSteps(db, run.id, page))) {
    const { step_details: details } = stepBody(step);
    if (details.type === 'message_creation') {
      before.push(...(await messageItem(db, run, details.message_creation.message_id)));
      continue;
    }
    const calls = completedCalls(step);
    if (calls.length === 0) continue;
    const outputs = calls.map((call) => ({
      tool_call_id: call.id,
      output: call.function.output ?? '',
    }));
    turns.push({ items: [...before, ...calls.map((call) => toItem(call))], outputs, usage });
    before = [];
  }
  const due = runState(run).required_action?.submit_tool_outputs.tool_calls ?? [];
  const items = [...before, ...due.map((call) => toItem(call))];
  return [...turns, { items, outputs: null, usage }];
}

/** Writes the turns of a run that has none yet. */
export async function writeTurns(db: Database, run_id: string, turns: readonly Turn[]) {
  for (const [position, turn] of turns.entries()) {
    await insertTurn(db, run_id, position, turn);
    if (turn.outputs !== null) await answerLastTurn(db, run_id, turn.outputs);
  }
}

/** Gives a waiting run, once its steps are there, the transcript that it goes on from. */
export async function restoreTurns(db: Database, run: RunRow): Promise<void> {
  await deleteTurns(db, run.id);
  await writeTurns(db, run.id, await turnsFromSteps(db, run));
}
