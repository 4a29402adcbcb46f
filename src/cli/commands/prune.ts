import { type Clock, unixSeconds } from '../../shared/clock.ts';
import { openExisting } from '../../engine/store/open.ts';
import type { Cursor } from '../../engine/store/keyset-page.ts';
import {
  countStill,
  noneDeleted,
  type Pruned,
  removeCopies,
  deleteInactive,
} from '../../engine/store/prune.ts';
import type { Database } from '../../engine/store/schema.ts';
import { createProgressBar } from '../terminal.ts';
import { abortSignal, formatCounts, errorSentence, type Terminal } from '../terminal.ts';

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
const minPauseMs = 20;

const add = (one: Pruned, other: Pruned): Pruned => ({
  threads: one.threads + other.threads,
  messages: one.messages + other.messages,
  runs: one.runs + other.runs,
  files: one.files + other.files,
});

const formatPruned = ({ threads, messages, runs, files }: Pruned): string =>
  formatCounts({ thread: threads, 'thread.message': messages, 'thread.run': runs, file: files });

interface PruneJob {
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
  { clock, signal, onBatch }: PruneJob,
  remove: () => Promise<{ readonly removed: Pruned; readonly isLast: boolean }>,
): Promise<void> {
  while (!signal.aborted) {
    const began = clock.now();
    const { removed, isLast } = await remove();
    onBatch(removed);
    if (isLast) return;
    await clock.sleep(Math.max(minPauseMs, clock.now() - began), signal);
  }
  throw new Error('Interrupted');
}

/** First the threads, and then the copies that are nobody's any more. */
async function removeAll(pruning: PruneJob): Promise<void> {
  const { db, since } = pruning;
  let after: Cursor | null = null;
  await inBatches(pruning, async () => {
    const page = { limit: batch, ...(after && { after }) };
    const { last, ...removed } = await deleteInactive(db, since, page);
    after = last;
    return { removed, isLast: last === null };
  });
  await inBatches(pruning, async () => {
    const files = await removeCopies(db, since, batch);
    return { removed: { ...noneDeleted, files }, isLast: files < batch };
  });
}

/**
 * `assistants-mcp prune`: removes threads that have been still for long, in short transactions, so
 * that others go on working with the database. Resolves to the exit code.
 */
export async function runPrune(terminal: Terminal, command: PruneCommand): Promise<number> {
  const { database, olderThan, dryRun, clock } = command;
  const { stderr } = terminal;
  const signal = abortSignal(terminal);
  const since = unixSeconds(clock) - olderThan;
  let removed = noneDeleted;
  let db: Database | undefined;
  try {
    db = await openExisting(database);
    if (dryRun) {
      stderr.write(`Would remove ${formatPruned(await countStill(db, since))}.\n`);
      return 0;
    }
    const total = stderr.isTTY === true ? (await countStill(db, since)).threads : null;
    const progress = createProgressBar(stderr, 'Pruning', total);
    const onBatch = (more: Pruned) => {
      removed = add(removed, more);
      progress.advance(more.threads);
    };
    await removeAll({ db, since, clock, signal, onBatch }).finally(() => progress.end());
    stderr.write(`Removed ${formatPruned(removed)}.\n`);
    return 0;
  } catch (error) {
    const so = db === undefined || dryRun ? '' : `Removed ${formatPruned(removed)} before that.\n`;
    stderr.write(`${errorSentence(error)}\n${so}`);
    return 1;
  } finally {
    await db?.destroy();
  }
}
