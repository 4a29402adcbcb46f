// Compares SQLite with grouped fsync (as in production) and with an fsync at every commit
// (`synchronous = full`): transactions per second, with one writer and with sixteen.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { SqliteFileAdapter, WriteAheadLog } from '../src/engine/store/durability.ts';
import { type Database, openDatabase } from '../src/engine/store/open.ts';
import { insertThread } from '../src/engine/store/threads.ts';
import { transact } from '../src/engine/store/transaction.ts';
import { median } from './median.ts';

const rounds = 15;
const transactionsPerRound = 160;

let threadCount = 0;

/** Transactions per second with this many concurrent writers. */
async function measure(db: Database, writers: number): Promise<number> {
  let remaining = transactionsPerRound;
  const write = async () => {
    for (; remaining > 0; remaining -= 1) {
      const id = `thread_${(threadCount += 1)}`;
      await transact(db, (transaction) =>
        insertThread(transaction, id, 1, { metadata: {}, tool_resources: {} }),
      );
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: writers }, write));
  return transactionsPerRound / ((performance.now() - startedAt) / 1000);
}

/** Opens a database in which SQLite itself calls fsync at every commit. */
async function openFull(file: string): Promise<Database> {
  const db = await openDatabase(file);
  const { adapter } = db.getExecutor();
  if (!(adapter instanceof SqliteFileAdapter)) throw new Error(`${file} is not an SQLite file`);
  await adapter.log.close();
  adapter.log = new WriteAheadLog(null);
  await sql`pragma synchronous = full`.execute(db);
  return db;
}

// Not in the temporary directory, which may be in memory.
const folder = mkdtempSync(join('bench', 'commit-'));
const full = await openFull(join(folder, 'full.db'));
const grouped = await openDatabase(join(folder, 'grouped.db'));
try {
  console.log(`\nNode ${process.version}, SQLite, medians of ${rounds} alternating rounds`);
  console.log('transactions a second:  synchronous=full   grouped fsync');
  for (const writers of [1, 16]) {
    const rates: { full: number[]; grouped: number[] } = { full: [], grouped: [] };
    for (let round = 0; round < rounds; round += 1) {
      rates.full.push(await measure(full, writers));
      rates.grouped.push(await measure(grouped, writers));
    }
    const [fullRate, groupedRate] = [median(rates.full), median(rates.grouped)];
    const cells = [fullRate.toFixed(0).padStart(16), groupedRate.toFixed(0).padStart(16)].join('');
    const label = `${writers} writer${writers === 1 ? '' : 's'}`.padEnd(24);
    console.log(`${label}${cells}   ratio ${(groupedRate / fullRate).toFixed(2)}`);
  }
} finally {
  await full.destroy();
  await grouped.destroy();
  rmSync(folder, { recursive: true });
}
