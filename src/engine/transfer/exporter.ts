import { listAssistants, toAssistant } from '../store/assistants.ts';
import { listFiles } from '../store/files.ts';
import { iterateAll, type PageQuery } from '../store/keyset-page.ts';
import { listMessages, toMessage } from '../store/messages.ts';
import { listRuns, runSettings, toRun } from '../store/runs.ts';
import type { Database, RunRow, ThreadRow } from '../store/schema.ts';
import { listSteps, toStep } from '../store/steps.ts';
import { findThread, listThreads, toThread } from '../store/threads.ts';
import { listTurns } from '../store/turns.ts';

import { fileLines } from './file-lines.ts';
import { filesInStores, vectorStoreLines } from './vector-store-lines.ts';
import { referencesIn } from './file-references.ts';

/** No thread has a requested id. */
export class UnknownThread extends Error {
  override readonly name = 'UnknownThread';
}

/** Only a run that requires tool outputs needs its turns, to continue after an import. */
async function withTurns(db: Database, run: RunRow): Promise<object> {
  if (run.status !== 'requires_action') return toRun(run);
  return { ...toRun(run), turns: await listTurns(db, run.id) };
}

/** The threads with these ids, or all if null, in the order of their list. */
async function* selectThreads(
  db: Database,
  ids: readonly string[] | null,
): AsyncGenerator<ThreadRow> {
  if (ids === null) return yield* iterateAll((page) => listThreads(db, page));
  const rows: ThreadRow[] = [];
  for (const id of new Set(ids)) {
    const row = await findThread(db, id);
    if (row === undefined) throw new UnknownThread(`No thread found with id '${id}'.`);
    rows.push(row);
  }
  yield* rows.toSorted((one, other) => one.created_at - other.created_at || one.seq - other.seq);
}

/** The ids of assistants that runs of these threads name; null for all. */
async function selectAssistants(
  db: Database,
  ids: readonly string[] | null,
): Promise<ReadonlySet<string> | null> {
  if (ids === null) return null;
  const assistantIds = new Set<string>();
  for await (const thread of selectThreads(db, ids)) {
    for await (const run of iterateAll((page) => listRuns(db, thread.id, page))) {
      assistantIds.add(runSettings(run).assistant_id);
    }
  }
  return assistantIds;
}

async function* threadObjects(db: Database, thread: ThreadRow): AsyncGenerator<object> {
  yield toThread(thread);
  for await (const row of iterateAll((page) => listMessages(db, thread.id, page)))
    yield toMessage(row);
  for await (const run of iterateAll((page) => listRuns(db, thread.id, page))) {
    yield await withTurns(db, run);
    for await (const step of iterateAll((page) => listSteps(db, run.id, page))) yield toStep(step);
  }
}

/** The files in the database, or those that exported objects refer to. */
async function* exportFiles(db: Database, ids: ReadonlySet<string> | null): AsyncGenerator<object> {
  const all = (page: PageQuery) => listFiles(db, page, { now: 0 });
  for await (const row of iterateAll(all)) {
    if (ids === null || ids.has(row.id)) yield* fileLines(db, row);
  }
}

/**
 * The API objects of the whole database, or of the threads with these ids and their runs' assistants,
 * parents first; if `withFiles`, also files and then vector stores. Throws {@link UnknownThread} before the first object.
 */
export async function* exportObjects(
  db: Database,
  ids: readonly string[] | null,
  withFiles = false,
): AsyncGenerator<object> {
  const [files, stores] = [new Set<string>(), new Set<string>()];
  for await (const object of exportThreads(db, ids)) {
    if (withFiles && ids !== null) {
      const named = referencesIn(object);
      for (const id of named.files) files.add(id);
      for (const id of named.vectorStores) stores.add(id);
    }
    yield object;
  }
  if (!withFiles) return;
  for (const id of await filesInStores(db, stores)) files.add(id);
  yield* exportFiles(db, ids === null ? null : files);
  yield* vectorStoreLines(db, ids === null ? null : stores);
}

async function* exportThreads(db: Database, ids: readonly string[] | null): AsyncGenerator<object> {
  const assistantIds = await selectAssistants(db, ids);
  for await (const row of iterateAll((page) => listAssistants(db, page))) {
    if (assistantIds === null || assistantIds.has(row.id)) yield toAssistant(row);
  }
  for await (const thread of selectThreads(db, ids)) yield* threadObjects(db, thread);
}
