import { type Clock, seconds } from '../clock.ts';
import { openExisting } from '../engine/store/db.ts';
import type { Position } from '../engine/store/page.ts';
import { countStill, nothing, type Pruned, removeStill } from '../engine/store/prune.ts';
import type { Database } from '../engine/store/schema.ts';
import { createProgress } from '../transfer/progress.ts';
import { interruption, inWords, sentenceOf, type Terminal } from '../transfer/terminal.ts';

export interface PruneCommand {
  readonly database: string;
  /** Seconds that a thread has to have been still for. */
  readonly olderThan: number;
  /** Count what would go, and leave it. */
  readonly dryRun: boolean;
  readonly clock: Clock;
}

/** Threads removed in one transaction. */
const batch = 100;
/** Milliseconds between two transactions, at least: time enough for whoever waits to write. */
const shortestRest = 20;

const add = (one: Pruned, other: Pruned): Pruned => ({
  threads: one.threads + other.threads,
  messages: one.messages + other.messages,
  runs: one.runs + other.runs,
});

const told = ({ threads, messages, runs }: Pruned): string =>
  inWords({
    assistant: 0,
    thread: threads,
    'thread.message': messages,
    'thread.run': runs,
    'thread.run.step': 0,
  });

interface Pruning {
  readonly db: Database;
  /** Unix seconds. */
  readonly since: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onBatch: (more: Pruned) => void;
}

/** Removes one batch after the other, and leaves the database to others for half of the time. */
async function removeAll({ db, since, clock, signal, onBatch }: Pruning): Promise<void> {
  let after: Position | undefined;
  while (!signal.aborted) {
    const began = clock.now();
    const removed = await removeStill(db, since, { limit: batch, ...(after && { after }) });
    onBatch(removed);
    if (removed.last === null) return;
    after = removed.last;
    await clock.sleep(Math.max(shortestRest, clock.now() - began), signal);
  }
  throw new Error('Interrupted');
}

/**
 * `assistants-mcp prune`: removes threads that have been still for long, in short transactions, so
 * that others go on working with the database. Resolves to the exit code.
 */
export async function pruneThreads(terminal: Terminal, command: PruneCommand): Promise<number> {
  const { database, olderThan, dryRun, clock } = command;
  const { stderr } = terminal;
  const signal = interruption(terminal);
  const since = seconds(clock) - olderThan;
  let removed = nothing;
  let db: Database | undefined;
  try {
    db = await openExisting(database);
    if (dryRun) {
      stderr.write(`Would remove ${told(await countStill(db, since))}.\n`);
      return 0;
    }
    const total = stderr.isTTY === true ? (await countStill(db, since)).threads : null;
    const progress = createProgress(stderr, 'Pruning', total);
    const onBatch = (more: Pruned) => {
      removed = add(removed, more);
      progress.advance(more.threads);
    };
    await removeAll({ db, since, clock, signal, onBatch }).finally(() => progress.end());
    stderr.write(`Removed ${told(removed)}.\n`);
    return 0;
  } catch (error) {
    const so = db === undefined || dryRun ? '' : `Removed ${told(removed)} before that.\n`;
    stderr.write(`${sentenceOf(error)}\n${so}`);
    return 1;
  } finally {
    await db?.destroy();
  }
}
