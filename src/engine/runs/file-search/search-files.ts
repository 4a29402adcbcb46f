import { backoffMs } from '../../../shared/clock.ts';
import { errorMessage } from '../../../shared/errors.ts';
import {
  callWithTimeout,
  type EndpointFiles,
  EndpointFilesError,
} from '../../models/endpoint-files.ts';
import { ModelFailure } from '../../models/model.ts';
import { mergeResults, type SearchRequest, type SearchResult } from '../../models/vector-search.ts';
import type { EngineDeps } from '../../options.ts';
import { maxSearchResults } from '../../prompt/token-count.ts';
import { isStoreError } from '../../store/errors.ts';
import { runSettings } from '../../store/runs.ts';
import type { RunSettings } from '../../store/schema.ts';
import type { LeasedRun } from '../execution.ts';
import { isSearchTool } from './search-function.ts';

/** The vector stores of a run. */
export const storeIds = ({ tool_resources }: RunSettings): readonly string[] =>
  tool_resources.file_search?.vector_store_ids ?? [];

/** Searches the stores in this database and those of the endpoint, at the same time. */
async function searchAll(
  files: EndpointFiles,
  request: SearchRequest,
): Promise<readonly SearchResult[]> {
  const { store_ids, limit } = request;
  const areLocal = await Promise.all(store_ids.map((id) => files.isLocal(id)));
  const groups = [true, false].map((isLocal) =>
    store_ids.filter((_, index) => areLocal[index] === isLocal),
  );
  const searches = groups
    .filter((ids) => ids.length > 0)
    .map((ids) => files.search({ ...request, store_ids: ids }));
  return mergeResults(await Promise.all(searches), limit);
}

const maxAttempts = 3;
const pauses = { firstMs: 1000, maxMs: 8000 };

const isTransient = (error: unknown): boolean =>
  error instanceof EndpointFilesError &&
  (error.status === null || error.status === 429 || error.status >= 500);

/** Why the run fails; errors of the store are left to the caller. */
function toFailure(error: unknown): unknown {
  if (isStoreError(error) || error instanceof ModelFailure) return error;
  return new ModelFailure(
    'server_error',
    `The files of the run could not be searched: ${errorMessage(error)}`,
  );
}

/**
 * The best passages in the run's files for the queries, best first. Tries again after an outage.
 * Throws a {@link ModelFailure} when the search fails for good, and what the signal aborts with.
 */
export async function searchFiles(
  { files, clock, log }: Pick<EngineDeps, 'files' | 'clock' | 'log'>,
  { run, signal }: LeasedRun,
  queries: readonly string[],
): Promise<readonly SearchResult[]> {
  const settings = runSettings(run);
  const store_ids = storeIds(settings);
  if (files === null || store_ids.length === 0) return [];
  const tool = settings.tools.find(isSearchTool)?.file_search;
  const request = {
    store_ids,
    queries,
    limit: maxSearchResults(settings),
    scoreThreshold: tool?.ranking_options?.score_threshold ?? 0,
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await callWithTimeout(clock, signal, (callSignal) =>
        searchAll(files, { ...request, signal: callSignal }),
      );
    } catch (error) {
      signal.throwIfAborted();
      const pauseMs = backoffMs(attempt, pauses);
      const isLast = attempt === maxAttempts || clock.now() + pauseMs >= run.deadline * 1000;
      if (!isTransient(error) || isLast) throw toFailure(error);
      log.warn('file search retried', { run_id: run.id, error: errorMessage(error) });
      await clock.sleep(pauseMs, signal);
      signal.throwIfAborted();
    }
  }
}
