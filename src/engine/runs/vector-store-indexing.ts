import type { EndpointFiles } from '../models/endpoint-files.ts';
import type { EngineDeps } from '../options.ts';
import { runSettings } from '../store/runs.ts';
import type { Execution } from './execution.ts';

/** Milliseconds that a run waits for its files, and between two looks. */
const longestWait = 60_000;
const pause = 500;

/** The vector stores that the run can search. */
function searchedStores({ run }: Execution): readonly string[] {
  const { tools, tool_resources } = runSettings(run);
  const isSearching = tools.some(({ type }) => type === 'file_search');
  return isSearching ? (tool_resources.file_search?.vector_store_ids ?? []) : [];
}

async function isIndexing(
  files: EndpointFiles,
  stores: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const counts = await Promise.all(stores.map((id) => files.countIndexing(id, signal)));
    return counts.some((count) => count > 0);
  } catch {
    // Whatever is wrong with a store, the search in it will tell.
    return false;
  }
}

/**
 * Waits until the files that the run can search are found there, as the hosted service did: one
 * that was attached just now is often still being read. After a minute the run goes on without.
 * Throws what the execution's signal aborts with.
 */
export async function waitForIndexing(
  { files, clock, log }: EngineDeps,
  execution: Execution,
): Promise<void> {
  const { run, signal } = execution;
  const stores = searchedStores(execution);
  if (files === null || stores.length === 0) return;
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const goOn = async () => {
    await clock.sleep(longestWait, either);
    if (either.aborted) return;
    log.warn('run goes on before its files can be found', { run_id: run.id });
    over.abort();
  };
  const lastly = goOn();
  while (!either.aborted && (await isIndexing(files, stores, either))) {
    await clock.sleep(pause, either);
  }
  over.abort();
  await lastly;
  signal.throwIfAborted();
}
