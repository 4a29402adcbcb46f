import { pruneOptions } from '../../config/command-options.ts';
import { sharedOptions } from '../../config/options.ts';
import type { Invocation } from '../../config/config.ts';
import type { Cursor } from '../../engine/store/keyset-page.ts';
import type { Pruned } from '../../engine/store/prune.ts';
import type { Database } from '../../engine/store/schema.ts';
import { type Clock, systemClock, unixSeconds } from '../../shared/clock.ts';
import { runOrReport, withDatabase } from '../database-command.ts';
import { type Command, type Host, openLog } from '../host.ts';
import {
  abortSignal,
  createProgressBar,
  errorSentence,
  formatCounts,
  print,
  type Terminal,
} from '../terminal.ts';

export interface PruneParams {
  readonly database: string;
  /** Seconds for which a thread must have been inactive. */
  readonly olderThan: number;
  /** Only print what would be deleted. */
  readonly dryRun: boolean;
  /** Whether to delete files that nothing refers to. */
  readonly pruneFiles: boolean;
  readonly clock: Clock;
}

/** How many threads, or files of deleted threads, one transaction deletes. */
const batchSize = 100;

/** Before each of these batches, all assistants, threads and messages are read again. */
const unreferencedBatchSize = 5000;

/** Pause between two transactions, in which others can write. */
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
  /** Whether to delete files that nothing refers to. */
  readonly pruneFiles: boolean;
  /** Unix seconds; threads without activity since then are deleted. */
  readonly since: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onBatch: (deleted: Pruned) => void;
}

/** Deletes batch after batch, with pauses as long as the batches, so that others can write. */
async function inBatches(
  { clock, signal, onBatch }: PruneJob,
  deleteBatch: () => Promise<{ readonly deleted: Pruned; readonly isLast: boolean }>,
): Promise<void> {
  while (!signal.aborted) {
    const startedAt = clock.now();
    const { deleted, isLast } = await deleteBatch();
    onBatch(deleted);
    if (isLast) return;
    await clock.sleep(Math.max(minPauseMs, clock.now() - startedAt), signal);
  }
  throw new Error('Interrupted');
}

/** Deletes the threads first, since the files to delete are those without a thread. */
async function deleteAll(job: PruneJob): Promise<void> {
  const { deleteInactive, noneDeleted, deleteOrphanFiles } =
    await import('../../engine/store/prune.ts');
  const { db, since } = job;
  let after: Cursor | null = null;
  await inBatches(job, async () => {
    const page = { limit: batchSize, ...(after && { after }) };
    const { last, ...deleted } = await deleteInactive(db, since, page);
    after = last;
    return { deleted, isLast: last === null };
  });
  await inBatches(job, async () => {
    const files = await deleteOrphanFiles(db, since, batchSize);
    return { deleted: { ...noneDeleted, files }, isLast: files < batchSize };
  });
  if (job.pruneFiles) await deleteUnreferenced(job);
  const { deleteUnusedContents } = await import('../../engine/store/file-contents.ts');
  await deleteUnusedContents(db, job.clock.now(), job.signal);
}

/** Deletes old files that nothing in the database refers to. */
async function deleteUnreferenced(job: PruneJob): Promise<void> {
  const { noneDeleted } = await import('../../engine/store/prune.ts');
  const { UnreferencedFiles } = await import('../../engine/store/unreferenced-files.ts');
  const unreferenced = await UnreferencedFiles.find(job.db, job.since);
  await inBatches(job, async () => {
    const files = await unreferenced.deleteBatch(unreferencedBatchSize);
    return { deleted: { ...noneDeleted, files }, isLast: unreferenced.ids.size === 0 };
  });
}

/** The files that nothing refers to, and those of threads; more may follow when threads are deleted. */
async function countFiles(db: Database, since: number): Promise<number> {
  const { UnreferencedFiles } = await import('../../engine/store/unreferenced-files.ts');
  const { orphanFileIds } = await import('../../engine/store/prune.ts');
  const unreferenced = await UnreferencedFiles.find(db, since);
  return new Set([...unreferenced.ids, ...(await orphanFileIds(db, since))]).size;
}

/** Deletes inactive threads in short transactions. Resolves to the exit code. */
export async function runPrune(terminal: Terminal, params: PruneParams): Promise<number> {
  const { database, olderThan, dryRun, pruneFiles, clock } = params;
  const { stderr } = terminal;
  const signal = abortSignal(terminal);
  const since = unixSeconds(clock) - olderThan;
  const { openExisting } = await import('../../engine/store/open.ts');
  const { countInactive, noneDeleted } = await import('../../engine/store/prune.ts');
  /** What was deleted so far; null if nothing is to be deleted. */
  let total: Pruned | null = null;
  const prune = async (db: Database) => {
    if (dryRun) {
      const counts = await countInactive(db, since);
      const files = pruneFiles ? await countFiles(db, since) : counts.files;
      return print(stderr, `Would delete ${formatPruned({ ...counts, files })}.\n`);
    }
    let deletedSoFar = noneDeleted;
    total = deletedSoFar;
    const threads = stderr.isTTY === true ? (await countInactive(db, since)).threads : null;
    const progress = createProgressBar(stderr, 'Pruning', threads);
    const onBatch = (deleted: Pruned) => {
      total = deletedSoFar = add(deletedSoFar, deleted);
      progress.advance(deleted.threads);
    };
    await deleteAll({ db, pruneFiles, since, clock, signal, onBatch }).finally(() =>
      progress.end(),
    );
    print(stderr, `Deleted ${formatPruned(deletedSoFar)}.\n`);
  };
  const describe = (error: unknown) => {
    const partial = total === null ? '' : `\nDeleted ${formatPruned(total)} before that.`;
    return `${errorSentence(error)}${partial}`;
  };
  return runOrReport(terminal, () => withDatabase(openExisting(database), prune), describe);
}

export const pruneCommand: Command = {
  name: 'prune',
  usage: 'prune --older-than TIME [options]',
  summary: 'Delete inactive threads',
  options: pruneOptions,
  ignores: [sharedOptions.files],
  isLocal: true,
  changesDatabase: true,
  check: (_invocation, sourceOf) =>
    sourceOf(pruneOptions.olderThan) === undefined
      ? ['prune needs --older-than, such as --older-than 30d.']
      : [],
  run(host: Host, { config }: Invocation) {
    openLog(config, host);
    return runPrune(host, {
      ...config,
      olderThan: config.olderThan ?? Infinity,
      clock: systemClock,
    });
  },
};
