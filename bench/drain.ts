// How fast 1, 2 and 4 processes execute many queued runs on one PostgreSQL server. Fails unless each
// run is executed once. First with a model that answers at once, so that the CPU is the limit; then
// with a slower one, so that the queue is.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { sql } from 'kysely';
import { Client } from 'pg';
import { openDatabase } from '../src/engine/store/open.ts';
import { createSchema } from '../test/support/schema.ts';
import { queueRuns } from './runs.ts';

const server = process.env['ASSISTANTS_TEST_POSTGRES'];
const lockSampleIntervalMs = 100;

async function startProcess(url: string, modelCallMs: number) {
  const args = [resolve('bench/drain-process.ts'), url, String(modelCallMs)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const { stdin, stdout } = child;
  await once(stdout, 'data');
  let output = '';
  stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const cpuSeconds = once(child, 'close').then(() => Number(output));
  return { start: () => stdin.write('start\n'), cpuSeconds };
}

/**
 * Samples the database sessions of the processes. The returned function stops that and resolves to
 * the share of active sessions that waited for a lock.
 */
async function sampleLocks() {
  const client = new Client({ connectionString: server ?? '' });
  await client.connect();
  let [active, waiting] = [0, 0];
  const sample = async () => {
    const { rows } = await client.query<{ wait_event_type: string }>(`select wait_event_type
      from pg_stat_activity where state = 'active' and application_name = 'assistants-mcp'`);
    active += rows.length;
    waiting += rows.filter((session) => session.wait_event_type === 'Lock').length;
  };
  const timer = setInterval(() => void sample().catch(() => {}), lockSampleIntervalMs);
  return async () => {
    clearInterval(timer);
    await client.end();
    return active === 0 ? 0 : waiting / active;
  };
}

interface Task {
  readonly runs: number;
  /** The average duration of a model call. */
  readonly modelCallMs: number;
}

/** Executes all runs of a database with this many processes. */
async function execute(url: string, processes: number, modelCallMs: number) {
  const children = await Promise.all(
    Array.from({ length: processes }, () => startProcess(url, modelCallMs)),
  );
  const stopSampling = await sampleLocks();
  const startedAt = performance.now();
  for (const { start } of children) start();
  const cpuSeconds = await Promise.all(children.map((child) => child.cpuSeconds));
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    seconds,
    cpuSeconds: cpuSeconds.reduce((sum, value) => sum + value, 0),
    lockShare: await stopSampling(),
  };
}

async function drain(processes: number, { runs, modelCallMs }: Task) {
  const schema = await createSchema(server ?? '');
  const db = await openDatabase(schema.url);
  try {
    await queueRuns(db, runs);
    await sql`analyze runs`.execute(db);
    const result = await execute(schema.url, processes, modelCallMs);
    const counts = sql<{ completed: number; turns: number }>`select
      (select count(*) from runs where status = 'completed') as completed,
      (select count(*) from turns) as turns`;
    const [row] = (await counts.execute(db)).rows;
    if (row?.completed !== runs || row.turns !== runs) {
      throw new Error(`not every run was executed once: ${JSON.stringify(row)}`);
    }
    return result;
  } finally {
    await db.destroy();
    await schema.drop();
  }
}

async function compare(task: Task): Promise<void> {
  const { runs, modelCallMs } = task;
  console.log(
    `\nNode ${process.version}, PostgreSQL, ${runs} queued runs, 16 at once per process, about ${modelCallMs} ms per model call`,
  );
  console.log('processes   seconds   runs a second        total CPU time   waiting for locks');
  for (const processes of [1, 2, 4]) {
    const { seconds, cpuSeconds, lockShare } = await drain(processes, task);
    const cells = [
      String(processes).padStart(9),
      seconds.toFixed(1).padStart(10),
      (runs / seconds).toFixed(0).padStart(16),
      `${cpuSeconds.toFixed(1)} s`.padStart(22),
      `${(100 * lockShare).toFixed(1)} %`.padStart(20),
    ];
    console.log(cells.join(''));
  }
}

if (server === undefined) {
  console.log('\nPostgreSQL: skipped, because ASSISTANTS_TEST_POSTGRES is not set');
} else {
  await compare({ runs: 10_000, modelCallMs: 0 });
  await compare({ runs: 2000, modelCallMs: 400 });
}
