// Many queued runs executed by several processes on one PostgreSQL, by the scripted model: how long
// it takes until none is left, and that each was executed once.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { Client } from 'pg';
import { openDatabase } from '../src/engine/store/db.ts';
import { queueRuns } from './runs.ts';

const runs = 10_000;
const server = process.env['ASSISTANTS_TEST_POSTGRES'];

async function query(text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: server ?? '' });
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows;
}

async function startProcess(url: string) {
  const script = resolve('bench/drain-process.ts');
  const stdio = ['pipe', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, [script, url], { stdio: [...stdio] });
  if (child.stdin === null || child.stdout === null) throw new Error('no pipes');
  await once(child.stdout, 'data');
  const { stdin } = child;
  const ended = once(child, 'exit');
  return { go: () => stdin.write('go\n'), ended };
}

/** Seconds that so many processes take for all runs. */
async function drain(processes: number): Promise<number> {
  const schema = `bench_${process.pid}_${processes}`;
  await query(`create schema ${schema}`);
  try {
    const url = new URL(server ?? '');
    url.searchParams.set('options', `-c search_path=${schema}`);
    const db = await openDatabase(url.href);
    await queueRuns(db, runs);
    await db.destroy();
    await query(`analyze ${schema}.runs`);
    const children = await Promise.all(
      Array.from({ length: processes }, () => startProcess(url.href)),
    );
    const start = performance.now();
    for (const { go } of children) go();
    await Promise.all(children.map(({ ended }) => ended));
    const seconds = (performance.now() - start) / 1000;
    const [counts] = await query(`select
      (select count(*) from ${schema}.runs where status = 'completed')::int as completed,
      (select count(*) from ${schema}.turns)::int as turns`);
    const isRight = counts?.['completed'] === runs && counts['turns'] === runs;
    if (!isRight) throw new Error(`not each run was executed once: ${JSON.stringify(counts)}`);
    return seconds;
  } finally {
    await query(`drop schema ${schema} cascade`);
  }
}

if (server === undefined) {
  console.log('\nPostgreSQL: skipped, since ASSISTANTS_TEST_POSTGRES is not set');
} else {
  console.log(
    `\nNode ${process.version}, PostgreSQL, ${runs} queued runs, 16 at once by each process`,
  );
  console.log('processes   seconds   runs a second');
  for (const processes of [1, 2, 4]) {
    const seconds = await drain(processes);
    const speed = (runs / seconds).toFixed(0).padStart(16);
    console.log(`${String(processes).padStart(9)}${seconds.toFixed(1).padStart(10)}${speed}`);
  }
}
