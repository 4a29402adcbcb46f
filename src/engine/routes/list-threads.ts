import type * as z from 'zod';
import type { listThreadsQuery } from '../../schema/thread.ts';
import { listResponse } from '../http/pagination.ts';
import { type Page, type PageQuery, selectMatching } from '../store/keyset-page.ts';
import { newestRuns, toRunOverview } from '../store/run-overview.ts';
import type { Database, ThreadRow } from '../store/schema.ts';
import {
  summarizeThreads,
  threadsContaining,
  type ThreadSummary,
} from '../store/thread-summaries.ts';
import { listThreads, threadCursor, toThread } from '../store/threads.ts';

type Query = z.infer<typeof listThreadsQuery>;

/** Those of these threads that a query asks for. */
async function select(
  db: Database,
  { search, assistant_id, status }: Query,
  threads: readonly ThreadRow[],
): Promise<readonly ThreadRow[]> {
  let selected = threads;
  if (assistant_id !== undefined || status !== undefined) {
    const runs = await newestRuns(
      db,
      threads.map(({ id }) => id),
    );
    selected = selected.filter(({ id }) => {
      const run = runs.get(id);
      return (
        (assistant_id === undefined || run?.assistant_id === assistant_id) &&
        (status === undefined || run?.status === status)
      );
    });
  }
  return search === undefined ? selected : threadsContaining(db, selected, search);
}

const wireSummary = ({ title, newestRun }: ThreadSummary) => ({
  title,
  latest_run: newestRun === null ? null : toRunOverview(newestRun),
});

/** `GET /threads`: with `include[]=summary`, each thread has its title and its latest run. */
export async function listThreadsRoute(db: Database, query: Query): Promise<Response> {
  const { search, assistant_id, status, created_after, created_before } = query;
  const summaries = new Map<string, ThreadSummary>();
  const readSlice = (page: PageQuery) => listThreads(db, page, { created_after, created_before });
  const isFiltered = [search, assistant_id, status].some((filter) => filter !== undefined);
  const read = async (page: PageQuery): Promise<Page<ThreadRow>> => {
    const found = await (isFiltered
      ? selectMatching(readSlice, page, (threads) => select(db, query, threads))
      : readSlice(page));
    if (query.include !== undefined) {
      for (const [id, summary] of await summarizeThreads(db, found.rows)) {
        summaries.set(id, summary);
      }
    }
    return found;
  };
  return listResponse(query, {
    kind: 'thread',
    findCursor: (id) => threadCursor(db, id),
    read,
    toObject: (row) => {
      const summary = summaries.get(row.id);
      return { ...toThread(row), ...(summary && { summary: wireSummary(summary) }) };
    },
  });
}
