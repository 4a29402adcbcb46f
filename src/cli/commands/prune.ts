import { type Clock, seconds } from '../../shared/clock.ts';
import { openExisting } from '../../engine/store/open.ts';
import type { Position } from '../../engine/store/keyset-page.ts';
import {
  countStill,
  nothing,
  type Pruned,
  removeCopies,
  removeStill,
} from '../../engine/store/prune.ts';
import type { Database } from '../../engine/store/schema.ts';
import { createProgress } from '../progress.ts';
import { interruption, inWords, sentenceOf, type Terminal } from '../terminal.ts';

export interface PruneCommand {
  readonly database: string;
  /** Seconds that a thread has to have been still for. */
  readonly olderThan: number;
  /** Count what would go, and leave it. */
  readonly dryRun: boolean;
  readonly clock: Clock;
}

/** Threads, or copies of files, removed in one transaction. */
const batch = 100;
/** Milliseconds between two transactions, at least: time enough for whoever waits to write. */
const shortestRest = 20;

const add = (one: Pruned, other: Pruned): Pruned => ({
  threads: one.threads + other.threads,
  messages: one.messages + other.messages,
  runs: one.runs + other.runs,
  files: one.files + other.files,
});

const told = ({ threads, messages, runs, files }: Pruned): string =>
  inWords({ thread: threads, 'thread.message': messages, 'thread.run': runs, file: files });

interface Pruning {
  readonly db: Database;
  /** Unix seconds. */
  readonly since: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onBatch: (more: Pruned) => void;
}

/**
 * Removes one batch after the other until one is told to be the last, and leaves the database to
 * others for half of the time.
 */
async function inBatches(
  { clock, signal, onBatch }: Pruning,
  remove: () => Promise<{ readonly removed: Pruned; readonly isLast: boolean }>,
): Promise<void> {
  while (!signal.aborted) {
    const began = clock.now();
    const { removed, isLast } = await remove();
    onBatch(removed);
    if (isLast) return;
    await clock.sleep(Math.max(shortestRest, clock.now() - began), signal);
  }
  throw new Error('Interrupted');
}

/** First the threads, and then the copies that are nobody's any more. */
async function removeAll(pruning: Pruning): Promise<void> {
  const { db, since } = pruning;
  let after: Position | null = null;
  await inBatches(pruning, async () => {
    const page = { limit: batch, ...(after && { after }) };
    const { last, ...removed } = await removeStill(db, since, page);
    after = last;
    return { removed, isLast: last === null };
  });
  await inBatches(pruning, async () => {
    const files = await removeCopies(db, since, batch);
    return { removed: { ...nothing, files }, isLast: files < batch };
  });
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
