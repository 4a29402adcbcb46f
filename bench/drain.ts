// Many queued runs executed by several processes on one PostgreSQL: how long it takes until none is
// left, and that each was executed once. First by a model that answers at once, which keeps every
// processor of the machine busy; then by one that thinks, so that it is the queue that is measured.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { sql } from 'kysely';
import { Client } from 'pg';
import { openDatabase } from '../src/engine/store/open.ts';
import { createSchema } from '../test/support/schema.ts';
import { queueRuns } from './runs.ts';

const server = process.env['ASSISTANTS_TEST_POSTGRES'];
/** Milliseconds between two looks at who waits for whom. */
const interval = 100;

async function startProcess(url: string, thinking: number) {
  const args = [resolve('bench/drain-process.ts'), url, String(thinking)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const { stdin, stdout } = child;
  await once(stdout, 'data');
  let said = '';
  stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close').then(() => Number(said));
  return { go: () => stdin.write('go\n'), ended };
}

/** Looks again and again at what the processes' sessions do; gives the share that waits for locks. */
async function watchLocks() {
  const client = new Client({ connectionString: server ?? '' });
  await client.connect();
  let [busy, waiting] = [0, 0];
  const look = async () => {
    const { rows } = await client.query<{ wait_event_type: string }>(`select wait_event_type
      from pg_stat_activity where state = 'active' and application_name = 'assistants-mcp'`);
    busy += rows.length;
    waiting += rows.filter((session) => session.wait_event_type === 'Lock').length;
  };
  const timer = setInterval(() => void look().catch(() => {}), interval);
  return async () => {
    clearInterval(timer);
    await client.end();
    return busy === 0 ? 0 : waiting / busy;
  };
}

interface Task {
  readonly runs: number;
  /** Milliseconds that the model takes for each. */
  readonly thinking: number;
}

/** Has so many processes do all runs of a database. */
async function execute(url: string, processes: number, thinking: number) {
  const children = await Promise.all(
    Array.from({ length: processes }, () => startProcess(url, thinking)),
  );
  const locked = await watchLocks();
  const start = performance.now();
  for (const { go } of children) go();
  const times = await Promise.all(children.map(({ ended }) => ended));
  const seconds = (performance.now() - start) / 1000;
  return { seconds, computing: times.reduce((sum, time) => sum + time, 0), locked: await locked() };
}

async function drain(processes: number, { runs, thinking }: Task) {
  const schema = await createSchema(server ?? '');
  const db = await openDatabase(schema.url);
  try {
    await queueRuns(db, runs);
    await sql`analyze runs`.execute(db);
    const figures = await execute(schema.url, processes, thinking);
    const counts = sql<{ completed: number; turns: number }>`select
      (select count(*) from runs where status = 'completed') as completed,
      (select count(*) from turns) as turns`;
    const [counted] = (await counts.execute(db)).rows;
    const isRight = counted?.completed === runs && counted.turns === runs;
    if (!isRight) throw new Error(`not each run was executed once: ${JSON.stringify(counted)}`);
    return figures;
  } finally {
    await db.destroy();
    await schema.drop();
  }
}

async function compare(task: Task): Promise<void> {
  const { runs, thinking } = task;
  console.log(
    `\nNode ${process.version}, PostgreSQL, ${runs} queued runs, 16 at once by each process, a model that takes about ${thinking} ms`,
  );
  console.log('processes   seconds   runs a second   their processor time   waiting for locks');
  for (const processes of [1, 2, 4]) {
    const { seconds, computing, locked } = await drain(processes, task);
    const cells = [
      String(processes).padStart(9),
      seconds.toFixed(1).padStart(10),
      (runs / seconds).toFixed(0).padStart(16),
      `${computing.toFixed(1)} s`.padStart(23),
      `${(100 * locked).toFixed(1)} %`.padStart(20),
    ];
    console.log(cells.join(''));
  }
}

if (server === undefined) {
  console.log('\nPostgreSQL: skipped, since ASSISTANTS_TEST_POSTGRES is not set');
} else {
  await compare({ runs: 10_000, thinking: 0 });
  await compare({ runs: 2000, thinking: 400 });
}
