// How long building a prompt takes for a thread that exceeds the model's window: a long one and a
// very long one, in SQLite. Exits with 1 if the time grows with the thread.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildContext, fitThread } from '../src/engine/prompt/context.ts';
import { type Database, openDatabase } from '../src/engine/store/open.ts';
import { median } from './median.ts';
import { addMessages, queueRuns } from './runs.ts';

const longThreadMessages = 1000;
const veryLongThreadMessages = 100_000;
const rounds = 20;
const maxRatio = 1.5;
const windowTokens = 128_000;
const text = 'What was decided about the budget is in the minutes of the meeting. '.repeat(30);

async function fill(file: string, count: number): Promise<Database> {
  const db = await openDatabase(file);
  await queueRuns(db, 1);
  await addMessages(db, { thread_id: 'thread_1', count, text });
  return db;
}

/** How long building one prompt takes, and how many messages it has. */
async function measure(db: Database): Promise<{ timeMs: number; messageCount: number }> {
  const run = await db.selectFrom('runs').selectAll().executeTakeFirstOrThrow();
  const startedAt = performance.now();
  const { messages } = await fitThread(db, run, await buildContext(db, run, true), windowTokens);
  return { timeMs: performance.now() - startedAt, messageCount: messages.length };
}

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
try {
  const databases = [
    await fill(join(folder, 'long.db'), longThreadMessages),
    await fill(join(folder, 'very-long.db'), veryLongThreadMessages),
  ];
  const timesMs: number[][] = databases.map(() => []);
  const messageCounts = new Set<number>();
  // The first round loads the tokenizer.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, db] of databases.entries()) {
      const { timeMs, messageCount } = await measure(db);
      messageCounts.add(messageCount);
      if (round > 0) timesMs[index]?.push(timeMs);
    }
  }
  for (const db of databases) await db.destroy();
  const [longMs = 0, veryLongMs = 0] = timesMs.map(median);
  const ratio = veryLongMs / longMs;
  const cells = [longMs, veryLongMs].map((value) => value.toFixed(1).padStart(11)).join('');
  console.log(`\nNode ${process.version}, SQLite, medians of ${rounds} alternating rounds`);
  console.log(
    `messages in the thread:      ${String(longThreadMessages).padStart(11)}${String(veryLongThreadMessages).padStart(11)}`,
  );
  console.log(
    `prompt of ${[...messageCounts].join(' or ')} messages, ms ${cells}   ratio ${ratio.toFixed(2)} (at most ${maxRatio})`,
  );
  process.exitCode = ratio <= maxRatio && messageCounts.size === 1 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
