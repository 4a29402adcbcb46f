import {
  type TableRow,
  deferReferences,
  insertRow,
  maxSeq,
  type ListedTable,
  listedTables,
  replaceRow,
} from '../store/raw-rows.ts';
import { syncToDisk } from '../store/durability.ts';
import type { Database } from '../store/schema.ts';
import { deleteTurns } from '../store/turns.ts';
import { type ApiObject, parseApiObject } from '../../schema/objects/index.ts';
import type { ImportSession, Counts, ImportOptions } from './import-session.ts';
import { checkRelations, checkReplacement, noteMissingParent } from './import-checks.ts';
import { finishFile } from './import-checks.ts';
import type { Source } from './json-reader.ts';
import { ImportError } from './import-error.ts';
import { assistantRow, messageCopy, threadCopy } from './object-rows.ts';
import { runRow, stepRow, type ImportClock, fillUsage } from './run-rows.ts';
import { writeTurns } from './restore-turns.ts';
import { type LocatedObject, readObjects } from './json-reader.ts';

function toRow(object: ApiObject, terms: ImportClock): TableRow {
  switch (object.object) {
    case 'assistant':
      return assistantRow(object);
    case 'thread':
      return threadCopy(object);
    case 'thread.message':
      return messageCopy(object, terms.now);
    case 'thread.run':
      return runRow(object, terms);
    case 'thread.run.step':
      return stepRow(object);
  }
}

async function upsertRow(batch: ImportSession, copy: TableRow, place: string): Promise<void> {
  await checkRelations(batch, copy, place);
  if (await insertRow(batch.db, copy)) return;
  await checkReplacement(batch, copy, place);
  await replaceRow(batch.db, copy);
  if (copy.table === 'runs') await deleteTurns(batch.db, copy.row.id);
}

/** Keeps in mind what later objects, or the end of the file, have to know of this one. */
async function trackObject(batch: ImportSession, object: ApiObject, copy: TableRow): Promise<void> {
  const { table } = copy;
  batch.counts[object.object] += 1;
  batch.lastParent.set(table, object.id);
  batch.unresolvedParents.delete(`${table} ${object.id}`);
  if (object.object === 'thread.run.step' && object.status === 'in_progress') {
    batch.openSteps.push({ run_id: object.run_id, id: object.id });
  }
  if (object.object !== 'thread.run' || object.status !== 'requires_action' || table !== 'runs')
    return;
  const turns = (object.turns ?? []).map((turn) => ({ ...turn, usage: fillUsage(turn.usage) }));
  await writeTurns(batch.db, object.id, turns);
  const { thread_id, state } = copy.row;
  batch.options.waiting.set(object.id, { thread_id, state, hasTurns: turns.length > 0 });
}

async function importObject(
  batch: ImportSession,
  { value, location: place }: LocatedObject,
): Promise<void> {
  const object = parseApiObject(value);
  if ('problem' in object) throw new ImportError(place, object.problem.message);
  if ('thread_id' in object) await noteMissingParent(batch, 'threads', object.thread_id, place);
  if ('run_id' in object && object.object === 'thread.run.step') {
    await noteMissingParent(batch, 'runs', object.run_id, place);
  }
  const copy = toRow(object, batch.options);
  await upsertRow(batch, copy, place);
  await trackObject(batch, object, copy);
}

async function openBatch(db: Database, options: ImportOptions): Promise<ImportSession> {
  await deferReferences(db);
  const newest = new Map<ListedTable, number>();
  for (const table of listedTables) newest.set(table, await maxSeq(db, table));
  return {
    db,
    options,
    maxSeqBefore: newest,
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
 * Brings all objects of a file into the database, or none: throws a {@link ImportError} for the first
 * thing wrong with it. Objects keep their ids and times, and their order in the file.
 */
export async function importFile(
  db: Database,
  source: Source,
  options: ImportOptions,
): Promise<Counts> {
  const counts = await db.transaction().execute(async (transaction) => {
    const batch = await openBatch(transaction, options);
    for await (const located of readObjects(source)) {
      options.signal.throwIfAborted();
      await importObject(batch, located);
    }
    await finishFile(batch);
    return batch.counts;
  });
  await syncToDisk(db);
  return counts;
}
