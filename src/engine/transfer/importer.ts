import { type ApiObject, parseApiObject } from '../../schema/objects/index.ts';
import { syncToDisk } from '../store/durability.ts';
import {
  deferReferences,
  insertRow,
  type ListedTable,
  listedTables,
  maxSeq,
  replaceRow,
  type TableRow,
} from '../store/raw-rows.ts';
import type { Database } from '../store/schema.ts';
import { deleteTurns } from '../store/turns.ts';
import {
  checkRelations,
  checkReplacement,
  finishFile,
  noteMissingParent,
} from './import-checks.ts';
import { ImportError, type Source } from './import-source.ts';
import { type LocatedObject, readObjects } from './json-reader.ts';
import type { Counts, ImportOptions, ImportSession } from './import-session.ts';
import { assistantRow, messageRow, threadRow } from './object-rows.ts';
import { writeTurns } from './restore-turns.ts';
import { fillUsage, type ImportClock, runRow, stepRow } from './run-rows.ts';

function toRow(object: ApiObject, clock: ImportClock): TableRow {
  switch (object.object) {
    case 'assistant':
      return assistantRow(object);
    case 'thread':
      return threadRow(object);
    case 'thread.message':
      return messageRow(object, clock.now);
    case 'thread.run':
      return runRow(object, clock);
    case 'thread.run.step':
      return stepRow(object);
  }
}

async function upsertRow(
  session: ImportSession,
  tableRow: TableRow,
  location: string,
): Promise<void> {
  await checkRelations(session, tableRow, location);
  if (await insertRow(session.db, tableRow)) return;
  await checkReplacement(session, tableRow, location);
  await replaceRow(session.db, tableRow);
  if (tableRow.table === 'runs') await deleteTurns(session.db, tableRow.row.id);
}

/** Records what later objects, or the end of the file, need to know about this one. */
async function trackObject(
  session: ImportSession,
  object: ApiObject,
  tableRow: TableRow,
): Promise<void> {
  const { table } = tableRow;
  session.counts[object.object] += 1;
  session.lastParent.set(table, object.id);
  session.unresolvedParents.delete(`${table} ${object.id}`);
  if (object.object === 'thread.run.step' && object.status === 'in_progress') {
    session.openSteps.push({ run_id: object.run_id, id: object.id });
  }
  if (object.object !== 'thread.run' || object.status !== 'requires_action' || table !== 'runs')
    return;
  const turns = (object.turns ?? []).map((turn) => ({ ...turn, usage: fillUsage(turn.usage) }));
  await writeTurns(session.db, object.id, turns);
  const { thread_id, state } = tableRow.row;
  session.options.waiting.set(object.id, { thread_id, state, hasTurns: turns.length > 0 });
}

async function importObject(
  session: ImportSession,
  { value, location }: LocatedObject,
): Promise<void> {
  const object = parseApiObject(value);
  if ('problem' in object) throw new ImportError(location, object.problem.message);
  if ('thread_id' in object) {
    await noteMissingParent(session, 'threads', object.thread_id, location);
  }
  if ('run_id' in object && object.object === 'thread.run.step') {
    await noteMissingParent(session, 'runs', object.run_id, location);
  }
  const tableRow = toRow(object, session.options);
  await upsertRow(session, tableRow, location);
  await trackObject(session, object, tableRow);
}

async function createSession(db: Database, options: ImportOptions): Promise<ImportSession> {
  await deferReferences(db);
  const maxSeqBefore = new Map<ListedTable, number>();
  for (const table of listedTables) maxSeqBefore.set(table, await maxSeq(db, table));
  return {
    db,
    options,
    maxSeqBefore,
    unresolvedParents: new Map(),
    lastParent: new Map(),
    openSteps: [],
    counts: {
      assistant: 0,
      thread: 0,
      'thread.message': 0,
      'thread.run': 0,
      'thread.run.step': 0,
    },
  };
}

/**
 * Imports all objects of a file in one transaction, with their ids, times and order. Throws an
 * {@link ImportError} for the first error in it.
 */
export async function importFile(
  db: Database,
  source: Source,
  options: ImportOptions,
): Promise<Counts> {
  const counts = await db.transaction().execute(async (transaction) => {
    const session = await createSession(transaction, options);
    for await (const object of readObjects(source)) {
      options.signal.throwIfAborted();
      await importObject(session, object);
    }
    await finishFile(session);
    return session.counts;
  });
  await syncToDisk(db);
  return counts;
}
