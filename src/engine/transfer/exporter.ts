import { listAssistants, toAssistant } from '../store/assistants.ts';
import { listMessages, toMessage } from '../store/messages.ts';
import { listRuns, runSettings, toRun } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import type { Database } from '../store/schema.ts';
import { listSteps, toStep } from '../store/steps.ts';
import { findThread, listThreads, toThread } from '../store/threads.ts';
import { type ThreadRow } from '../store/schema.ts';
import { listTurns } from '../store/turns.ts';
import { iterateAll } from '../store/keyset-page.ts';

/** A thread was asked for that is not there. */
export class UnknownThread extends Error {
  override readonly name = 'UnknownThread';
}

/** A waiting run takes along what it goes on from; of any other its steps say all there is. */
async function withTurns(db: Database, run: RunRow): Promise<object> {
  if (run.status !== 'requires_action') return toRun(run);
  return { ...toRun(run), turns: await listTurns(db, run.id) };
}

/** The threads wanted, all of them when none is named, in the order of their list. */
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

/** The assistants that runs of the wanted threads name; null for all. */
async function wantedAssistants(
  db: Database,
  ids: readonly string[] | null,
): Promise<ReadonlySet<string> | null> {
  if (ids === null) return null;
  const wanted = new Set<string>();
  for await (const thread of selectThreads(db, ids)) {
    for await (const run of iterateAll((page) => listRuns(db, thread.id, page))) {
      wanted.add(runSettings(run).assistant_id);
    }
  }
  return wanted;
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

/**
 * Everything in the database, or the threads named by `ids` and the assistants they ran, as the
 * API's objects: an import can take them one by one. Throws {@link UnknownThread} before the first.
 */
export async function* exportObjects(
  db: Database,
  ids: readonly string[] | null,
): AsyncGenerator<object> {
  const wanted = await wantedAssistants(db, ids);
  for await (const row of iterateAll((page) => listAssistants(db, page))) {
    if (wanted === null || wanted.has(row.id)) yield toAssistant(row);
  }
  for await (const thread of selectThreads(db, ids)) yield* threadObjects(db, thread);
}
