import { errorMessage } from '../../shared/errors.ts';
import type { EngineDeps } from '../options.ts';
import { runSettings } from '../store/runs.ts';
import type { LeasedRun } from './execution.ts';

const maxWaitMs = 60_000;
const pollIntervalMs = 500;

/** The vector stores that the run can search. */
function searchableStores({ run }: Pick<LeasedRun, 'run'>): readonly string[] {
  const { tools, tool_resources } = runSettings(run);
  const hasFileSearch = tools.some(({ type }) => type === 'file_search');
  return hasFileSearch ? (tool_resources.file_search?.vector_store_ids ?? []) : [];
}

/**
 * Waits until the files in the run's vector stores are indexed, as the hosted service does: a file
 * attached just now often is not. After a minute the run continues without them. Throws what the
 * execution's signal aborts with.
 */
export async function waitForIndexing(
  { files, clock, log }: EngineDeps,
  { run, signal }: LeasedRun,
): Promise<void> {
  const stores = searchableStores({ run });
  if (files === null || stores.length === 0) return;
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
