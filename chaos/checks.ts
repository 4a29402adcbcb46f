import { messageBody } from '../src/engine/store/messages.ts';
import { runState } from '../src/engine/store/runs.ts';
import { type Database, decode, type RunRow } from '../src/engine/store/schema.ts';
import { type StepBody, stepBody } from '../src/engine/store/steps.ts';
import { listTurns, sumUsage } from '../src/engine/store/turns.ts';
import { codesOf, type Plan, textsOf } from './plan.ts';
import { type Accepted, isEnded } from './user.ts';

/** The usage that the model reports for each call. */
const tokensPerCall = 15;

/** The key of the plan that a run follows. */
export const planKey = ({ metadata }: RunRow): string =>
  decode<{ key?: string }>(metadata).key ?? '';

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
  const { breaksOff, cancelAfterMs } = plan;
  const possible = [
    breaksOff ? 'failed' : 'completed',
    ...(cancelAfterMs === null ? [] : ['cancelled']),
  ];
  return possible.includes(status) ? [] : [`is ${status}, not ${possible.join(' or ')}`];
}

/** The stored texts are those of the plan, in order, without duplicates. */
function checkTexts({ status }: RunRow, stored: string[], expected: string[]): string[] {
  const violations: string[] = [];
  if (status === 'completed' && !sameTexts(stored, expected)) {
    violations.push(`stored ${JSON.stringify(stored)} instead of ${JSON.stringify(expected)}`);
  }
  if (stored.some((text, index) => expected[index]?.startsWith(text) !== true)) {
    violations.push(`stored a wrong or duplicate text: ${JSON.stringify(stored)}`);
  }
  return violations;
}

const codeIn = ({ step_details: details }: StepBody): string[] =>
  details.type === 'tool_calls'
    ? details.tool_calls.flatMap((call) =>
        call.type === 'code_interpreter' ? [call.code_interpreter.input] : [],
      )
    : [];

function checkContents(run: RunRow, plan: Plan, { messages, steps }: Contents): string[] {
  const isOpen = messages.some(({ status }) => status === 'in_progress');
  return [
    ...(isOpen ? ['has a message in progress'] : []),
    ...checkTexts(run, messages.map(textOf), textsOf(plan)),
    ...checkTexts(run, steps.flatMap(codeIn), codesOf(plan)),
  ];
}

function checkSteps(contents: Contents): string[] {
  const { steps, messages } = contents;
  const messageIds = steps.flatMap(({ step_details: details }) =>
    details.type === 'message_creation' ? [details.message_creation.message_id] : [],
  );
  const ids = messages.map(({ id }) => id);
  return [
    ...(steps.some(({ status }) => status === 'in_progress') ? ['has a step in progress'] : []),
    ...(sameTexts(messageIds, ids) ? [] : ['has message steps that do not match its messages']),
  ];
}

/** The run and its steps both count each stored model call once. */
function checkUsage(run: RunRow, { turns, steps }: Contents): string[] {
  const expected = turns.length * tokensPerCall;
  const total = runState(run).usage?.total_tokens ?? 0;
  const ofSteps = sumUsage(steps.flatMap(({ usage }) => (usage === null ? [] : [usage])));
  return total === expected && ofSteps.total_tokens === expected
    ? []
    : [`counts ${total} tokens, its steps ${ofSteps.total_tokens}, its model calls ${expected}`];
}

/** No round is requested from the model after a later one. */
const checkCalls = (rounds: readonly number[]): string[] =>
  rounds.every((round, index) => round >= (rounds[index - 1] ?? 0))
    ? []
    : [`repeated an earlier round: ${rounds.join(', ')}`];

async function checkRun(db: Database, run: RunRow, plan: Plan, rounds: readonly number[]) {
  const contents = await readRun(db, run);
  return [
    ...(isEnded(run.status) ? checkEnd(run, plan) : [`did not end: ${run.status}`]),
    ...(run.lease_token === null && run.lease_until === null ? [] : ['still has a lease']),
    ...checkContents(run, plan, contents),
    ...checkSteps(contents),
    ...checkUsage(run, contents),
    ...checkCalls(rounds),
  ];
}

interface Expectations {
  readonly plans: ReadonlyMap<string, Plan>;
  readonly accepted: Accepted;
  /** The rounds that the model was called for, by the key of the plan. */
  readonly requestedRounds: ReadonlyMap<string, readonly number[]>;
}

/** The violations of everything that must hold once all runs have ended. */
export async function findViolations(
  db: Database,
  { plans, accepted, requestedRounds }: Expectations,
): Promise<string[]> {
  const rows = await db.selectFrom('runs').selectAll().execute();
  const byKey = Map.groupBy(rows, planKey);
  const violations: string[] = [];
  for (const [key, plan] of plans) {
    const runs = byKey.get(key) ?? [];
    if (runs.length > 1) violations.push(`${key} was created ${runs.length} times`);
    if (accepted.runs.has(key) && runs[0]?.id !== accepted.runs.get(key)?.id) {
      violations.push(`${key} was confirmed and is missing`);
    }
    for (const run of runs) {
      const violationsOfRun = await checkRun(db, run, plan, requestedRounds.get(key) ?? []);
      violations.push(...violationsOfRun.map((violation) => `${key} (${run.id}) ${violation}`));
    }
  }
  for (const [id, thread_id] of accepted.messages) {
    const rowsOfMessage = await db
      .selectFrom('messages')
      .select('id')
      .where('id', '=', id)
      .where('thread_id', '=', thread_id)
      .execute();
    if (rowsOfMessage.length !== 1) violations.push(`message ${id} was confirmed and is missing`);
  }
  return violations;
}

/** Runs that have not ended. */
export async function activeRuns(db: Database): Promise<RunRow[]> {
  const rows = await db.selectFrom('runs').selectAll().execute();
  return rows.filter(({ status }) => !isEnded(status));
}
