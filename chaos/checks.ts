import { messageBody } from '../src/engine/store/messages.ts';
import { runState } from '../src/engine/store/runs.ts';
import { type RunRow } from '../src/engine/store/schema.ts';
import { type Database, decode } from '../src/engine/store/schema.ts';
import { type StepBody, stepBody } from '../src/engine/store/steps.ts';
import { listTurns, sumUsage } from '../src/engine/store/turns.ts';
import { codesOf, type Plan, textsOf } from './plan.ts';
import { type Accepted, isOver } from './user.ts';

/** Tokens of each model call. */
const tokensOfCall = 15;

const keyOf = ({ metadata }: RunRow): string => decode<{ key?: string }>(metadata).key ?? '';

const sameTexts = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((text, index) => text === other[index]);

async function readRun(db: Database, run: RunRow) {
  const messages = await db
    .selectFrom('messages')
    .selectAll()
    .where('run_id', '=', run.id)
    .orderBy('seq')
    .execute();
  const steps = await db
    .selectFrom('steps')
    .selectAll()
    .where('run_id', '=', run.id)
    .orderBy('seq')
    .execute();
  return {
    messages: messages.map((row) => ({ id: row.id, ...messageBody(row) })),
    steps: steps.map((row) => stepBody(row)),
    turns: await listTurns(db, run.id),
  };
}

type Contents = Awaited<ReturnType<typeof readRun>>;

const textOf = ({ content }: Contents['messages'][number]): string =>
  content.map((part) => (part.type === 'text' ? part.text.value : '')).join('');

function checkEnd({ status }: RunRow, plan: Plan): string[] {
  const { breaks, cancelAfter } = plan;
  const possible = [
    breaks ? 'failed' : 'completed',
    ...(cancelAfter === null ? [] : ['cancelled']),
  ];
  return possible.includes(status) ? [] : [`is ${status}, not ${possible.join(' or ')}`];
}

/** What was written is what its plan says, from the beginning, and nothing of it twice. */
function checkTexts({ status }: RunRow, written: string[], wanted: string[]): string[] {
  const faults: string[] = [];
  if (status === 'completed' && !sameTexts(written, wanted)) {
    faults.push(`wrote ${JSON.stringify(written)} instead of ${JSON.stringify(wanted)}`);
  }
  if (written.some((text, index) => wanted[index]?.startsWith(text) !== true)) {
    faults.push(`wrote what it should not have, or twice: ${JSON.stringify(written)}`);
  }
  return faults;
}

const codeIn = ({ step_details: details }: StepBody): string[] =>
  details.type === 'tool_calls'
    ? details.tool_calls.flatMap((call) =>
        call.type === 'code_interpreter' ? [call.code_interpreter.input] : [],
      )
    : [];

function checkWritten(run: RunRow, plan: Plan, { messages, steps }: Contents): string[] {
  const isOpen = messages.some(({ status }) => status === 'in_progress');
  return [
    ...(isOpen ? ['has a message that nobody writes any more'] : []),
    ...checkTexts(run, messages.map(textOf), textsOf(plan)),
    ...checkTexts(run, steps.flatMap(codeIn), codesOf(plan)),
  ];
}

function checkSteps(contents: Contents): string[] {
  const { steps, messages } = contents;
  const made = steps.flatMap(({ step_details: details }) =>
    details.type === 'message_creation' ? [details.message_creation.message_id] : [],
  );
  const ids = messages.map(({ id }) => id);
  return [
    ...(steps.some(({ status }) => status === 'in_progress') ? ['has a step in progress'] : []),
    ...(sameTexts(made, ids) ? [] : ['has steps that are not those of its messages']),
  ];
}

/** Every call that is in the transcript was paid for once, by the run and by its steps. */
function checkUsage(run: RunRow, { turns, steps }: Contents): string[] {
  const spent = turns.length * tokensOfCall;
  const total = runState(run).usage?.total_tokens ?? 0;
  const ofSteps = sumUsage(steps.flatMap(({ usage }) => (usage === null ? [] : [usage])));
  return total === spent && ofSteps.total_tokens === spent
    ? []
    : [`counts ${total} tokens, its steps ${ofSteps.total_tokens}, its calls ${spent}`];
}

/** The model is never asked for a round again when a later one has been asked for. */
const checkCalls = (rounds: readonly number[]): string[] =>
  rounds.every((round, index) => round >= (rounds[index - 1] ?? 0))
    ? []
    : [`asked the model again for what it had: rounds ${rounds.join(', ')}`];

async function checkRun(db: Database, run: RunRow, plan: Plan, rounds: readonly number[]) {
  const contents = await readRun(db, run);
  return [
    ...(isOver(run.status) ? checkEnd(run, plan) : [`did not end: ${run.status}`]),
    ...(run.lease_token === null && run.lease_until === null ? [] : ['still has a lease']),
    ...checkWritten(run, plan, contents),
    ...checkSteps(contents),
    ...checkUsage(run, contents),
    ...checkCalls(rounds),
  ];
}

interface Known {
  readonly plans: ReadonlyMap<string, Plan>;
  readonly accepted: Accepted;
  readonly asked: ReadonlyMap<string, readonly number[]>;
}

/** Everything that must hold of the runs of the plans once nothing moves any more, as complaints. */
export async function check(db: Database, { plans, accepted, asked }: Known): Promise<string[]> {
  const rows = await db.selectFrom('runs').selectAll().execute();
  const byKey = Map.groupBy(rows, keyOf);
  const faults: string[] = [];
  for (const [key, plan] of plans) {
    const runs = byKey.get(key) ?? [];
    if (runs.length > 1) faults.push(`${key} was created ${runs.length} times`);
    if (accepted.runs.has(key) && runs[0]?.id !== accepted.runs.get(key)?.id) {
      faults.push(`${key} was accepted and is gone`);
    }
    for (const run of runs) {
      const found = await checkRun(db, run, plan, asked.get(key) ?? []);
      faults.push(...found.map((fault) => `${key} (${run.id}) ${fault}`));
    }
  }
  for (const [id, thread_id] of accepted.messages) {
    const found = await db
      .selectFrom('messages')
      .select('id')
      .where('id', '=', id)
      .where('thread_id', '=', thread_id)
      .execute();
    if (found.length !== 1) faults.push(`message ${id} was accepted and is gone`);
  }
  return faults;
}

/** Runs that are not at their end, by status. */
export async function liveRuns(db: Database): Promise<RunRow[]> {
  const rows = await db.selectFrom('runs').selectAll().execute();
  return rows.filter(({ status }) => !isOver(status));
}

export const planKey = keyOf;
