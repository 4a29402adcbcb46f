// How long reading a page of runs and finding due runs take with few and with many runs stored, in
// SQLite and, if ASSISTANTS_TEST_POSTGRES is set, in PostgreSQL. Exits with 1 if the time grows with
// the number of runs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../src/engine/store/open.ts';
import { capabilitiesOf } from '../src/engine/store/capabilities.ts';
import { claimableRuns, overdueRuns, nextWakeup } from '../src/engine/store/leases.ts';
import { listRuns } from '../src/engine/store/runs.ts';
import { median } from './median.ts';
import { createSchema } from '../test/support/schema.ts';
import { addEndedRuns, queueRuns } from './runs.ts';

const fewRuns = 1000;
const manyRuns = 1_000_000;
const rounds = 400;
const maxRatio = 1.5;
const thread = 'thread_of_many';

async function fill(url: string, runs: number): Promise<Database> {
  const db = await openDatabase(url);
  await addEndedRuns(db, thread, runs / 2);
  await queueRuns(db, runs / 2);
  // PostgreSQL's autovacuum would do this soon.
  if (capabilitiesOf(db) !== null) await sql`analyze`.execute(db);
  return db;
}

const now = () => ({ seconds: Math.floor(Date.now() / 1000), milliseconds: Date.now() });

/** The measured queries, by the name to print. */
const queries: Readonly<Record<string, (db: Database) => Promise<unknown>>> = {
  'list a page of 20 runs ': (db) => listRuns(db, thread, { limit: 20, order: 'desc' }),
  'find 16 claimable runs ': (db) => claimableRuns(db, now(), { limit: 16, except: [] }),
  'find overdue runs      ': (db) => overdueRuns(db, now()),
  'find the next wake-up  ': (db) => nextWakeup(db),
};

/** The duration of a query in microseconds. */
async function measure(query: (db: Database) => Promise<unknown>, db: Database): Promise<number> {
  const startedAt = performance.now();
  await query(db);
  return (performance.now() - startedAt) * 1000;
}

/** Prints the median times of a query on both databases; true if their ratio is within the limit. */
async function compare(name: string, small: Database, large: Database): Promise<boolean> {
  const query = queries[name] ?? (() => Promise.resolve());
  const times: { small: number[]; large: number[] } = { small: [], large: [] };
  for (let round = 0; round < rounds; round += 1) {
    times.small.push(await measure(query, small));
    times.large.push(await measure(query, large));
  }
  const [smallTime, largeTime] = [median(times.small), median(times.large)];
  const ratio = largeTime / smallTime;
  const cells = [smallTime, largeTime].map((value) => value.toFixed(0).padStart(11)).join('');
  console.log(`${name}${cells}   ratio ${ratio.toFixed(2)} (at most ${maxRatio})`);
  return ratio <= maxRatio;
}

/** Compares all queries on two databases; true if all ratios are within the limit. */
async function compareAll(kind: string, [smallUrl, largeUrl]: readonly [string, string]) {
  const [small, large] = [await fill(smallUrl, fewRuns), await fill(largeUrl, manyRuns)];
  console.log(
    `\nNode ${process.version}, ${kind}, medians of ${rounds} alternating rounds, half of the runs queued`,
  );
  console.log(
    `microseconds, runs:    ${String(fewRuns).padStart(11)}${String(manyRuns).padStart(11)}`,
  );
  const results: boolean[] = [];
  for (const name of Object.keys(queries)) results.push(await compare(name, small, large));
  await small.destroy();
  await large.destroy();
  return results.every(Boolean);
}

async function compareSqlite(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
  try {
    return await compareAll('SQLite', [join(folder, 'small.db'), join(folder, 'large.db')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function comparePostgres(server: string): Promise<boolean> {
  const [small, large] = [await createSchema(server), await createSchema(server)];
  try {
    return await compareAll('PostgreSQL', [small.url, large.url]);
  } finally {
    await small.drop();
    await large.drop();
  }
}

const server = process.env['ASSISTANTS_TEST_POSTGRES'];
const isWithinLimit = [
  await compareSqlite(),
  server === undefined || (await comparePostgres(server)),
];
process.exitCode = isWithinLimit.every(Boolean) ? 0 : 1;
