import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import { openDatabase } from '../../src/engine/store/open.ts';
import type { Database } from '../../src/engine/store/schema.ts';
import { activeRuns, findViolations } from '../checks.ts';
import { type ChaosModel, startModel } from '../model.ts';
import { type Plan, textsOf } from '../plan.ts';
import { createRandom, type Random } from '../random.ts';
import { type Program, startOverHttp, startOverStdio } from './programs.ts';

export interface TaskCyclesOptions {
  /** For the databases. */
  readonly folder: string;
  readonly cycles: number;
  /** Programs at the same time, each with a database: every second one over HTTP, the others over stdio. */
  readonly programs: number;
  readonly seed: number;
  /** Ends the leases of a killed program at once, instead of waiting ten seconds for it. */
  readonly endsLeases: boolean;
  /** Called after each cycle. */
  readonly onCycle?: (violations: readonly string[]) => void;
}

export interface TaskReport {
  cycles: number;
  kills: number;
  /** Kills while the task's run was active. */
  killsOfActive: number;
  tasks: number;
  completed: number;
  modelCalls: number;
  /** Model calls beyond one per round of a run. */
  repeatedCalls: number;
  readonly violations: string[];
}

/** A task that is not completed by then is a violation. */
const taskTimeoutMs = 60_000;

const startedTask = z.looseObject({
  resultType: z.literal('task'),
  taskId: z.string(),
  pollIntervalMs: z.number(),
});

const runResult = z.looseObject({
  id: z.string(),
  thread_id: z.string(),
  status: z.string(),
  reply: z.string().optional(),
  next: z.string().optional(),
  required_action: z
    .looseObject({
      submit_tool_outputs: z.object({ tool_calls: z.array(z.looseObject({ id: z.string() })) }),
    })
    .optional(),
});
type RunResult = z.infer<typeof runResult>;

const taskState = z.looseObject({
  status: z.string(),
  pollIntervalMs: z.number(),
  result: z.looseObject({ structuredContent: runResult }).optional(),
});

const created = z.looseObject({ structuredContent: z.looseObject({ id: z.string() }) });

/** A program that is killed and started again on one database. */
interface Lane {
  readonly db: Database;
  readonly model: ChaosModel;
  readonly report: TaskReport;
  readonly endsLeases: boolean;
  readonly start: () => Promise<Program>;
  program: Promise<Program>;
}

/** Sends a request; after a kill, sends it to the next program. */
async function repeatRequest(lane: Lane, method: string, params: object): Promise<unknown> {
  for (;;) {
    const answer = await (await lane.program).request(method, params);
    if (answer?.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    if (answer !== null) return answer.result;
  }
}

async function killAndRestart(lane: Lane): Promise<void> {
  const { db, report } = lane;
  const killed = await lane.program;
  const isActive = (await activeRuns(db)).some(({ status }) => status !== 'requires_action');
  const { promise: next, resolve } = Promise.withResolvers<Program>();
  lane.program = next;
  await killed.kill();
  report.kills += 1;
  if (isActive) report.killsOfActive += 1;
  if (lane.endsLeases) {
    const leased = db
      .updateTable('runs')
      .set({ lease_until: 0 })
      .where('lease_token', 'is not', null);
    await leased.execute();
  }
  // A program that does not start rejects the requests that wait for it.
  resolve(lane.start());
  await next;
}

/** Polls a task as a host does, until it is completed. */
async function waitForTask(lane: Lane, taskId: string): Promise<RunResult> {
  const deadline = performance.now() + taskTimeoutMs;
  while (performance.now() < deadline) {
    const { status, result, pollIntervalMs } = taskState.parse(
      await repeatRequest(lane, 'tasks/get', { taskId }),
    );
    if (status === 'completed' && result !== undefined) return result.structuredContent;
    if (status !== 'working') throw new Error(`the task ${taskId} is ${status}`);
    await setTimeout(pollIntervalMs);
  }
  throw new Error(`the task ${taskId} was not completed within ${taskTimeoutMs} ms`);
}

async function startTask(lane: Lane, name: string, args: object): Promise<string> {
  lane.report.tasks += 1;
  const params = { name, arguments: args };
  return startedTask.parse(await repeatRequest(lane, 'tools/call', params)).taskId;
}

/** Starts a task and kills the program while the client waits for it. */
async function followTask(
  lane: Lane,
  random: Random,
  [name, args]: readonly [name: string, args: object],
): Promise<RunResult> {
  const taskId = await startTask(lane, name, args);
  const killed = setTimeout(random.integerBelow(250)).then(() => killAndRestart(lane));
  const [result] = await Promise.all([waitForTask(lane, taskId), killed]);
  const again = await waitForTask(lane, taskId);
  if (JSON.stringify(again) !== JSON.stringify(result)) {
    throw new Error(`the task ${taskId} has another result after it was completed`);
  }
  lane.report.completed += 1;
  return result;
}

const makePlan = (key: string, random: Random): Plan => ({
  key,
  rounds: random.chance(30) ? 1 : 0,
  messages: 1,
  callsCode: false,
  breaksOff: false,
  cancelAfterMs: null,
  submitsAfterKill: false,
  streams: false,
});

/** One conversation; every task of it is killed once. */
async function runCycle(lane: Lane, plan: Plan, assistant_id: string, random: Random) {
  const { key, rounds } = plan;
  lane.model.addPlan(plan);
  const thread = { messages: [{ role: 'user', content: `key ${key}` }] };
  const args = { assistant_id, thread, metadata: { key } };
  let run = await followTask(lane, random, ['create_thread_and_run', args]);
  for (let round = 0; round < rounds; round += 1) {
    const calls = run.required_action?.submit_tool_outputs.tool_calls ?? [];
    if (run.next?.startsWith('Call submit_tool_outputs') !== true) {
      throw new Error(`${key} is ${run.status} and does not say what is next`);
    }
    const tool_outputs = calls.map(({ id }) => ({ tool_call_id: id, output: 'seen' }));
    const outputs = { thread_id: run.thread_id, run_id: run.id, tool_outputs };
    run = await followTask(lane, random, ['submit_tool_outputs', outputs]);
  }
  const expected = textsOf(plan).join('\n\n');
  if (run.reply !== expected) throw new Error(`${key} has the reply ${JSON.stringify(run.reply)}`);
  return { id: run.id, thread_id: run.thread_id };
}

const tools = [
  { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } },
];

/** Runs cycles until there are no more numbers; resolves when the stored runs are checked. */
async function runLane(
  lane: Lane,
  name: string,
  nextCycle: () => number | null,
  { seed, onCycle = () => {} }: TaskCyclesOptions,
): Promise<void> {
  const { db, model, report } = lane;
  const plans = new Map<string, Plan>();
  const accepted = {
    runs: new Map<string, { id: string; thread_id: string }>(),
    messages: new Map(),
  };
  const params = { name: 'create_assistant', arguments: { model: 'gpt-4.1-mini', tools } };
  const { structuredContent } = created.parse(await repeatRequest(lane, 'tools/call', params));
  for (let cycle = nextCycle(); cycle !== null; cycle = nextCycle()) {
    const random = createRandom(seed).fork(`cycle ${cycle}`);
    const plan = makePlan(`${name}-${cycle}`, random);
    plans.set(plan.key, plan);
    const violations: string[] = [];
    try {
      accepted.runs.set(plan.key, await runCycle(lane, plan, structuredContent.id, random));
    } catch (error) {
      violations.push(error instanceof Error ? error.message : String(error));
    }
    const { requestedRounds } = model;
    violations.push(...(await findViolations(db, { plans, accepted, requestedRounds })));
    report.cycles += 1;
    report.violations.push(...violations);
    onCycle(violations);
  }
}

/**
 * Kills the built program with SIGKILL while a client waits for a task, and starts it again. Every task
 * must be completed with its result, and every run must be stored exactly once.
 */
export async function runTaskCycles(options: TaskCyclesOptions): Promise<TaskReport> {
  const { folder, cycles, programs, seed, endsLeases } = options;
  const model = await startModel(createRandom(seed));
  const counts = { cycles: 0, kills: 0, killsOfActive: 0, tasks: 0, completed: 0 };
  const report: TaskReport = { ...counts, modelCalls: 0, repeatedCalls: 0, violations: [] };
  let started = 0;
  const nextCycle = () => (started < cycles ? (started += 1) : null);
  const run = async (index: number) => {
    const name = index % 2 === 0 ? 'stdio' : 'http';
    const database = join(folder, `${index}.db`);
    const env = {
      OPENAI_BASE_URL: model.baseURL,
      ASSISTANTS_MODEL_API: 'responses',
      ASSISTANTS_DATABASE: database,
    };
    const start = () => (name === 'stdio' ? startOverStdio(env) : startOverHttp(env));
    const db = await openDatabase(database);
    const lane: Lane = { db, model, report, endsLeases, start, program: start() };
    try {
      await runLane(lane, `${name}${index}`, nextCycle, options);
    } finally {
      await (await lane.program).kill();
      await db.destroy();
    }
  };
  try {
    await Promise.all(Array.from({ length: programs }, (_, index) => run(index)));
    for (const rounds of model.requestedRounds.values()) {
      report.modelCalls += rounds.length;
      report.repeatedCalls += rounds.length - new Set(rounds).size;
    }
    return report;
  } finally {
    model.close();
  }
}
