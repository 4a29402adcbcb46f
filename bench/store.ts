// What the store costs when there is much in it: reading a page of runs and looking for work, among
// few runs and among many, in SQLite and, where ASSISTANTS_TEST_POSTGRES names a server, in
// PostgreSQL. Exits with 1 when it grows with their number.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../src/engine/store/open.ts';
import { capabilitiesOf } from '../src/engine/store/capabilities.ts';
import { claimableRuns, overdueRuns, nextWakeup } from '../src/engine/store/leases.ts';
import { listRuns } from '../src/engine/store/runs.ts';
import { createSchema } from '../test/support/schema.ts';
import { addEndedRuns, queueRuns } from './runs.ts';

const few = 1000;
const many = 1_000_000;
const rounds = 400;
const maxRatio = 1.5;
const thread = 'thread_of_many';

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

async function fill(url: string, runs: number): Promise<Database> {
  const db = await openDatabase(url);
  await addEndedRuns(db, thread, runs / 2);
  await queueRuns(db, runs / 2);
  // A server does so by itself before long.
  if (capabilitiesOf(db) !== null) await sql`analyze`.execute(db);
  return db;
}

const now = () => ({ seconds: Math.floor(Date.now() / 1000), milliseconds: Date.now() });

/** What is measured, and whether it is held against the limit. */
const queries: Readonly<Record<string, (db: Database) => Promise<unknown>>> = {
  'list_runs, a page of 20': (db) => listRuns(db, thread, { limit: 20, order: 'desc' }),
  'claim, 16 of the queue ': (db) => claimableRuns(db, now(), { limit: 16, except: [] }),
  'runs that are due      ': (db) => overdueRuns(db, now()),
  'when the next is due   ': (db) => nextWakeup(db),
};

async function time(query: (db: Database) => Promise<unknown>, db: Database): Promise<number> {
  const start = performance.now();
  await query(db);
  return (performance.now() - start) * 1000;
}

/** Prints medians in microseconds of both, taken in turn; says whether they are near enough. */
async function compare(name: string, small: Database, large: Database): Promise<boolean> {
  const query = queries[name] ?? (() => Promise.resolve());
  const times: { small: number[]; large: number[] } = { small: [], large: [] };
  for (let round = 0; round < rounds; round += 1) {
    times.small.push(await time(query, small));
    times.large.push(await time(query, large));
  }
  const [one, other] = [median(times.small), median(times.large)];
  const ratio = other / one;
  const figures = [one, other].map((value) => value.toFixed(0).padStart(11)).join('');
  console.log(`${name}${figures}   ratio ${ratio.toFixed(2)} (at most ${maxRatio})`);
  return ratio <= maxRatio;
}

/** Compares all queries in two databases; says whether the larger one is hardly slower. */
async function compareAll(place: string, [one, other]: readonly [string, string]) {
  const [small, large] = [await fill(one, few), await fill(other, many)];
  console.log(
    `\nNode ${process.version}, ${place}, medians of ${rounds} in turn, half of the runs queued`,
  );
  console.log(`microseconds, runs:    ${String(few).padStart(11)}${String(many).padStart(11)}`);
  const near: boolean[] = [];
  for (const name of Object.keys(queries)) near.push(await compare(name, small, large));
  await small.destroy();
  await large.destroy();
  return near.every(Boolean);
}

async function inFiles(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
  try {
    return await compareAll('SQLite', [join(folder, 'small.db'), join(folder, 'large.db')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function inSchemas(server: string): Promise<boolean> {
  const [small, large] = [await createSchema(server), await createSchema(server)];
  try {
    return await compareAll('PostgreSQL', [small.url, large.url]);
  } finally {
    await small.drop();
    await large.drop();
  }
}

const server = process.env['ASSISTANTS_TEST_POSTGRES'];
const isNear = [await inFiles(), server === undefined || (await inSchemas(server))];
process.exitCode = isNear.every(Boolean) ? 0 : 1;
