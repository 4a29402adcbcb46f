import { errorMessage } from '../../shared/errors.ts';
import type { EngineDeps } from '../options.ts';
import { runSettings } from '../store/runs.ts';
import type { Database, RunRow } from '../store/schema.ts';
import { findThread, threadBody } from '../store/threads.ts';
import type { LeasedRun } from './execution.ts';

const maxWaitMs = 60_000;
const pollIntervalMs = 500;

/** The vector stores of the run's thread, if the run can search them. */
async function threadStores(db: Database, run: RunRow): Promise<readonly string[]> {
  if (!runSettings(run).tools.some(({ type }) => type === 'file_search')) return [];
  const thread = await findThread(db, run.thread_id);
  if (thread === undefined) return [];
  return threadBody(thread).tool_resources.file_search?.vector_store_ids ?? [];
}

/**
 * Waits until the files in the thread's vector store are indexed, as the hosted service did: a file
 * attached just now often is not. It does not wait for the assistant's store. After a minute the run continues without them. Throws what the
 * execution's signal aborts with.
 */
export async function waitForIndexing(
  { db, files, clock, log }: EngineDeps,
  { run, signal }: LeasedRun,
): Promise<void> {
  if (files === null) return;
  const stores = await threadStores(db, run);
  if (stores.length === 0) return;
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  const isIndexing = async () => {
    try {
      const counts = await Promise.all(stores.map((id) => files.countIndexing(id, stop)));
      return counts.some((count) => count > 0);
    } catch (error) {
      // The search itself will report what is wrong with a store.
      log.debug('indexing state unknown', { run_id: run.id, reason: errorMessage(error) });
      return false;
    }
  };
  const stopAtLimit = async () => {
    await clock.sleep(maxWaitMs, stop);
    if (stop.aborted) return;
    log.warn('run continues before its files are indexed', { run_id: run.id });
    done.abort();
  };
  const limit = stopAtLimit();
  while (!stop.aborted && (await isIndexing())) await clock.sleep(pollIntervalMs, stop);
  done.abort();
  await limit;
  signal.throwIfAborted();
}
