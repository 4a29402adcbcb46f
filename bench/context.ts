// What it costs to make a model's context of a thread that does not fit into the model's window: of
// a long one and of a very long one, in SQLite. Exits with 1 when it grows with the thread.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildContext, fitThread } from '../src/engine/prompt/context.ts';
import { type Database, openDatabase } from '../src/engine/store/open.ts';
import { median } from './median.ts';
import { addMessages, queueRuns } from './runs.ts';

const long = 1000;
const veryLong = 100_000;
const rounds = 20;
const maxRatio = 1.5;
const window = 128_000;
const text = 'What was decided about the budget is in the minutes of the meeting. '.repeat(30);

async function fill(file: string, count: number): Promise<Database> {
  const db = await openDatabase(file);
  await queueRuns(db, 1);
  await addMessages(db, { thread_id: 'thread_1', count, text });
  return db;
}

/** Milliseconds until a context is there, and how many messages are in it. */
async function measure(db: Database): Promise<{ time: number; shown: number }> {
  const run = await db.selectFrom('runs').selectAll().executeTakeFirstOrThrow();
  const start = performance.now();
  const { messages } = await fitThread(db, run, await buildContext(db, run, true), window);
  return { time: performance.now() - start, shown: messages.length };
}

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
try {
  const threads = [
    await fill(join(folder, 'long.db'), long),
    await fill(join(folder, 'very-long.db'), veryLong),
  ];
  const times: number[][] = threads.map(() => []);
  const shown = new Set<number>();
  // The first round loads the tokenizer.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, db] of threads.entries()) {
      const measured = await measure(db);
      shown.add(measured.shown);
      if (round > 0) times[index]?.push(measured.time);
    }
  }
  for (const db of threads) await db.destroy();
  const [one = 0, other = 0] = times.map(median);
  const ratio = other / one;
  const figures = [one, other].map((value) => value.toFixed(1).padStart(11)).join('');
  console.log(`\nNode ${process.version}, SQLite, medians of ${rounds} in turn`);
  console.log(
    `messages in the thread:      ${String(long).padStart(11)}${String(veryLong).padStart(11)}`,
  );
  console.log(
    `context of ${[...shown].join(' or ')} messages, ms${figures}   ratio ${ratio.toFixed(2)} (at most ${maxRatio})`,
  );
  process.exitCode = ratio <= maxRatio && shown.size === 1 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
