import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import { openDatabase } from '../src/engine/store/open.ts';
import type { Database } from '../src/engine/store/schema.ts';
import { type Client, createClient } from './client.ts';
import { check, liveRuns, planKey } from './checks.ts';
import { startFleet } from './fleet.ts';
import { type ChaosModel, startModel } from './model.ts';
import { makePlan, type Plan } from './plan.ts';
import { type Chance, createChance } from './random.ts';
import { type Accepted, begin, follow } from './user.ts';

export interface ChaosOptions {
  readonly database: string;
  readonly cycles: number;
  /** Processes on the database. */
  readonly workers: number;
  readonly seed: number;
  /** A file for what the processes say. */
  readonly log: string;
  /** Restarts the database's server, gently or not; called in the middle of many cycles. */
  readonly restart?: (isGentle: boolean) => Promise<void>;
  /** Hears of every cycle. */
  readonly onCycle?: (cycle: number, violations: readonly string[]) => void;
}

export interface Figures {
  cycles: number;
  kills: number;
  restarts: number;
  runs: number;
  modelCalls: number;
  /** Model calls beyond one for each round of each run: lost with their process, or failed. */
  repeated: number;
  /** Runs that were alive when somebody was killed, by what they were doing. */
  readonly struck: Record<string, number>;
  /** Runs by how they ended. */
  readonly ended: Record<string, number>;
  readonly violations: string[];
}

/** Conversations at once, and runs in each of them. */
const conversations = 6;
const runsEach = 2;
const lease = 1000;
/** Milliseconds after which a cycle that does not come to rest is a violation. */
const longest = 60_000;

const identified = z.object({ id: z.string() });

interface Scene {
  readonly db: Database;
  readonly model: ChaosModel;
  readonly client: Client;
  readonly accepted: Accepted;
  readonly plans: Map<string, Plan>;
  readonly assistant_id: string;
}

/** Talks on one thread: a run, a message, and so on, as far as there are answers. */
async function converse(
  { client, accepted, assistant_id }: Scene,
  plans: readonly Plan[],
  released: Promise<void>,
): Promise<string[]> {
  const complaints: string[] = [];
  let thread_id: string | null = null;
  for (const plan of plans) {
    const made = await begin(client, plan, assistant_id, thread_id);
    if (made === null) break;
    accepted.runs.set(plan.key, made);
    ({ thread_id } = made);
    complaints.push(...(await follow(client, made, plan, released)));
    const said = { role: 'user', content: `Thank you for ${plan.key}.` };
    const answer = await client.ask('POST', `/threads/${thread_id}/messages`, said);
    // Whether a change was made that was not confirmed, nobody knows.
    if (answer === null || answer.status >= 500) continue;
    if (answer.status === 200) accepted.messages.set(identified.parse(answer.body).id, thread_id);
    else complaints.push(`${thread_id} stayed locked: ${JSON.stringify(answer.body)}`);
  }
  return complaints;
}

/** Sees to runs that were created although nobody was told. */
async function followOrphans({ db, client, plans }: Scene): Promise<string[]> {
  const orphans = await liveRuns(db);
  const complaints = orphans.map(async (run) => {
    const plan = plans.get(planKey(run));
    const unhurried = plan && { ...plan, cancelAfter: null, holds: false };
    return unhurried ? follow(client, run, unhurried, Promise.resolve()) : [];
  });
  return (await Promise.all(complaints)).flat();
}

function makePlans(cycle: number, chance: Chance): Plan[][] {
  return Array.from({ length: conversations }, (_, talk) =>
    Array.from({ length: runsEach }, (__, index) => makePlan(`c${cycle}-${talk}-${index}`, chance)),
  );
}

async function within(work: Promise<string[]>): Promise<string[]> {
  const timer = new AbortController();
  const late = setTimeout(longest, ['did not come to rest'], { signal: timer.signal });
  const complaints = await Promise.race([work, late]);
  timer.abort();
  late.catch(() => {});
  return complaints;
}

const count = (counts: Record<string, number>, name: string) => {
  counts[name] = (counts[name] ?? 0) + 1;
};

/** Lets users talk, kills at moments of chance, waits for rest; gives what is wrong afterwards. */
async function playCycle(scene: Scene, cycle: number, chance: Chance, harm: () => Promise<void>) {
  const { db, model, accepted, plans } = scene;
  const talks = makePlans(cycle, chance);
  for (const plan of talks.flat()) {
    plans.set(plan.key, plan);
    model.expect(plan);
  }
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const talking = Promise.all(talks.map((talk) => converse(scene, talk, released)));
  const resting = talking.then(async (said) => [...said.flat(), ...(await followOrphans(scene))]);
  for (let left = 1 + chance.below(2); left > 0; left -= 1) {
    await setTimeout(chance.below(700));
    await harm();
  }
  release();
  const complaints = await within(resting);
  return [...complaints, ...(await check(db, { plans, accepted, asked: model.asked }))];
}

const tools = [
  { type: 'code_interpreter' },
  {
    type: 'function',
    function: { name: 'look', parameters: { type: 'object', properties: {} } },
  },
];

const noFigures = (): Figures => ({
  cycles: 0,
  kills: 0,
  restarts: 0,
  runs: 0,
  modelCalls: 0,
  repeated: 0,
  struck: {},
  ended: {},
  violations: [],
});

/** Counts what is left when everything is over. */
async function sumUp(figures: Figures, db: Database, model: ChaosModel): Promise<void> {
  for (const { status } of await db.selectFrom('runs').select('status').execute()) {
    count(figures.ended, status);
    figures.runs += 1;
  }
  for (const rounds of model.asked.values()) {
    figures.modelCalls += rounds.length;
    figures.repeated += rounds.length - new Set(rounds).size;
  }
  figures.violations.push(...model.refusals.map((refusal) => `sent ${JSON.stringify(refusal)}`));
}

/**
 * Kills processes that share a database, again and again, while users talk to them; after each time
 * everything that was accepted must have come to its end, once.
 */
export async function wreakHavoc(options: ChaosOptions): Promise<Figures> {
  const { database, cycles, workers, seed, log, restart, onCycle = () => {} } = options;
  const chance = createChance(seed);
  const figures = noFigures();
  const model = await startModel(chance);
  const db = await openDatabase(database);
  const fleet = startFleet({ database, baseURL: model.baseURL, size: workers, lease, log }, chance);
  const accepted: Accepted = { runs: new Map(), messages: new Map() };
  const client = createClient(fleet);
  let restarting = Promise.resolve();
  const harm = async (luck: Chance) => {
    for (const { status } of await liveRuns(db)) count(figures.struck, status);
    const isRestarting = restart !== undefined && luck.happens(40);
    if (isRestarting) {
      figures.restarts += 1;
      const isGentle = luck.happens(50);
      restarting = restarting.then(() => restart(isGentle));
    }
    if (!isRestarting || luck.happens(50)) fleet.kill(1 + luck.below(workers));
  };
  try {
    const made = await client.ask('POST', '/assistants', { model: 'gpt-4.1-mini', tools });
    const assistant_id = identified.parse(made?.body).id;
    for (; figures.cycles < cycles; figures.cycles += 1) {
      const luck = chance.named(`cycle ${figures.cycles}`);
      const scene: Scene = { db, model, client, accepted, plans: new Map(), assistant_id };
      const faults = await playCycle(scene, figures.cycles, luck, () => harm(luck));
      await restarting;
      figures.violations.push(...faults);
      onCycle(figures.cycles, faults);
    }
    await sumUp(figures, db, model);
    figures.kills = fleet.killed;
    figures.violations.push(...fleet.deaths);
    return figures;
  } finally {
    await fleet.stop();
    await db.destroy();
    model.close();
  }
}
