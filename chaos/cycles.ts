import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import { openDatabase } from '../src/engine/store/open.ts';
import type { Database } from '../src/engine/store/schema.ts';
import { type Client, createClient } from './client.ts';
import { findViolations, activeRuns, planKey } from './checks.ts';
import { startFleet } from './fleet.ts';
import { type ChaosModel, startModel } from './model.ts';
import { makePlan, type Plan } from './plan.ts';
import { type Random, createRandom } from './random.ts';
import { type Accepted, createRun, followRun } from './user.ts';

export interface ChaosOptions {
  readonly database: string;
  readonly cycles: number;
  /** Processes on the database. */
  readonly workers: number;
  readonly seed: number;
  /** See the fleet. */
  readonly clocksAhead: readonly number[];
  /** A file for the log lines of the processes. */
  readonly log: string;
  /** Restarts the database server, gracefully or as after a crash. */
  readonly restart?: (isGraceful: boolean) => Promise<void>;
  /** Called after each cycle. */
  readonly onCycle?: (cycle: number, violations: readonly string[]) => void;
}

export interface ChaosReport {
  cycles: number;
  kills: number;
  /** Processes that were stopped for longer than their lease. */
  stalls: number;
  restarts: number;
  runs: number;
  modelCalls: number;
  /** Model calls beyond one per round of a run: they failed, or their process was killed. */
  repeatedCalls: number;
  /** Active runs at the moment of a kill, by status. */
  readonly activeAtKill: Record<string, number>;
  /** Runs by final status. */
  readonly ended: Record<string, number>;
  readonly violations: string[];
}

const concurrentConversations = 6;
const runsPerConversation = 2;
const leaseMs = 1000;
/** A cycle whose runs have not ended by then is a violation. */
const cycleTimeoutMs = 60_000;

const objectWithId = z.object({ id: z.string() });

interface CycleContext {
  readonly db: Database;
  readonly model: ChaosModel;
  readonly client: Client;
  readonly accepted: Accepted;
  readonly plans: Map<string, Plan>;
  readonly assistant_id: string;
}

/** Alternates runs and messages on one thread until a run cannot be created; resolves to violations. */
async function runConversation(
  { client, accepted, assistant_id }: CycleContext,
  plans: readonly Plan[],
  firstKillsDone: Promise<void>,
): Promise<string[]> {
  const violations: string[] = [];
  let thread_id: string | null = null;
  for (const plan of plans) {
    const run = await createRun(client, plan, assistant_id, thread_id);
    if (run === null) break;
    accepted.runs.set(plan.key, run);
    ({ thread_id } = run);
    violations.push(...(await followRun(client, run, plan, firstKillsDone)));
    const message = { role: 'user', content: `Thank you for ${plan.key}.` };
    const response = await client.request('POST', `/threads/${thread_id}/messages`, message);
    // Without a confirmation the message may or may not have been stored.
    if (response === null || response.status >= 500) continue;
    if (response.status === 200) {
      accepted.messages.set(objectWithId.parse(response.body).id, thread_id);
    } else violations.push(`${thread_id} stayed locked: ${JSON.stringify(response.body)}`);
  }
  return violations;
}

/** Follows runs that were created although the client got no response. */
async function followUnconfirmedRuns({ db, client, plans }: CycleContext): Promise<string[]> {
  const unconfirmed = await activeRuns(db);
  const violations = unconfirmed.map(async (run) => {
    const plan = plans.get(planKey(run));
    if (plan === undefined) return [];
    const remaining: Plan = { ...plan, cancelAfterMs: null, submitsAfterKill: false };
    return followRun(client, run, remaining, Promise.resolve());
  });
  return (await Promise.all(violations)).flat();
}

function makePlans(cycle: number, random: Random): Plan[][] {
  return Array.from({ length: concurrentConversations }, (_, conversation) =>
    Array.from({ length: runsPerConversation }, (__, index) =>
      makePlan(`c${cycle}-${conversation}-${index}`, random),
    ),
  );
}

async function withTimeout(work: Promise<string[]>): Promise<string[]> {
  const timer = new AbortController();
  const timeout = setTimeout(cycleTimeoutMs, ['some runs did not end in time'], {
    signal: timer.signal,
  });
  const violations = await Promise.race([work, timeout]);
  timer.abort();
  timeout.catch(() => {});
  return violations;
}

const count = (counts: Record<string, number>, name: string) => {
  counts[name] = (counts[name] ?? 0) + 1;
};

/** Runs conversations, kills processes at random moments, waits for all runs; resolves to violations. */
async function runCycle(
  context: CycleContext,
  cycle: number,
  random: Random,
  killSome: () => Promise<void>,
) {
  const { db, model, accepted, plans } = context;
  const allPlans = makePlans(cycle, random);
  for (const plan of allPlans.flat()) {
    plans.set(plan.key, plan);
    model.addPlan(plan);
  }
  const { promise: firstKillsDone, resolve: onKillsDone } = Promise.withResolvers<void>();
  const conversations = Promise.all(
    allPlans.map((plansOfThread) => runConversation(context, plansOfThread, firstKillsDone)),
  );
  const allRuns = conversations.then(async (violations) => [
    ...violations.flat(),
    ...(await followUnconfirmedRuns(context)),
  ]);
  for (let kills = 1 + random.integerBelow(2); kills > 0; kills -= 1) {
    await setTimeout(random.integerBelow(700));
    await killSome();
  }
  onKillsDone();
  const violations = await withTimeout(allRuns);
  return [
    ...violations,
    ...(await findViolations(db, { plans, accepted, requestedRounds: model.requestedRounds })),
  ];
}

const tools = [
  { type: 'code_interpreter' },
  {
    type: 'function',
    function: { name: 'look', parameters: { type: 'object', properties: {} } },
  },
];

const emptyReport = (): ChaosReport => ({
  cycles: 0,
  kills: 0,
  stalls: 0,
  restarts: 0,
  runs: 0,
  modelCalls: 0,
  repeatedCalls: 0,
  activeAtKill: {},
  ended: {},
  violations: [],
});

/** Adds the totals over all cycles. */
async function addTotals(report: ChaosReport, db: Database, model: ChaosModel): Promise<void> {
  for (const { status } of await db.selectFrom('runs').select('status').execute()) {
    count(report.ended, status);
    report.runs += 1;
  }
  for (const rounds of model.requestedRounds.values()) {
    report.modelCalls += rounds.length;
    report.repeatedCalls += rounds.length - new Set(rounds).size;
  }
  report.violations.push(
    ...model.invalidRequests.map((request) => `invalid model request: ${JSON.stringify(request)}`),
  );
}

/**
 * Kills processes that share a database while clients use them. After each cycle every accepted run
 * must have ended exactly once.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { database, cycles, workers, seed, clocksAhead, log, restart } = options;
  const { onCycle = () => {} } = options;
  const random = createRandom(seed);
  const report = emptyReport();
  const model = await startModel(random);
  const db = await openDatabase(database);
  const fleet = startFleet(
    { database, baseURL: model.baseURL, size: workers, leaseMs, clocksAhead, log },
    random,
  );
  const accepted: Accepted = { runs: new Map(), messages: new Map() };
  const client = createClient(fleet);
  let restarting = Promise.resolve();
  const killSome = async (cycleRandom: Random) => {
    for (const { status } of await activeRuns(db)) count(report.activeAtKill, status);
    if (cycleRandom.chance(25)) return fleet.stall();
    const isRestarting = restart !== undefined && cycleRandom.chance(40);
    if (isRestarting) {
      report.restarts += 1;
      const isGraceful = cycleRandom.chance(50);
      restarting = restarting.then(() => restart(isGraceful));
    }
    if (!isRestarting || cycleRandom.chance(50)) fleet.kill(1 + cycleRandom.integerBelow(workers));
  };
  try {
    const created = await client.request('POST', '/assistants', { model: 'gpt-4.1-mini', tools });
    const assistant_id = objectWithId.parse(created?.body).id;
    for (; report.cycles < cycles; report.cycles += 1) {
      const cycleRandom = random.fork(`cycle ${report.cycles}`);
      const context: CycleContext = { db, model, client, accepted, plans: new Map(), assistant_id };
      const violations = await runCycle(context, report.cycles, cycleRandom, () =>
        killSome(cycleRandom),
      );
      await restarting;
      report.violations.push(...violations);
      onCycle(report.cycles, violations);
    }
    await addTotals(report, db, model);
    report.kills = fleet.killed();
    report.stalls = fleet.stalled();
    report.violations.push(...fleet.crashes);
    return report;
  } finally {
    await fleet.stop();
    await db.destroy();
    model.close();
  }
}
