import { type ApiObject, parseApiObject } from '../../schema/objects/index.ts';
import type { ValidationError } from '../../schema/validation-error.ts';
import { fieldOf } from '../../shared/json.ts';
import { isRunning } from '../../shared/run-status.ts';
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
  type At,
  checkRelations,
  checkReplacement,
  finishFile,
  noteMissingParent,
} from './import-checks.ts';
import { ImportError, type Source } from './import-source.ts';
import { checkFilesComplete, fileLineImporters } from './file-lines.ts';
import { fileLineKind } from './object-kinds.ts';
import { type LocatedObject, readObjects } from './object-reader.ts';
import type { Counts, ImportOptions, ImportSession } from './import-session.ts';
import { assistantRow, messageRow, threadRow } from './object-rows.ts';
import { writeTurns } from './restore-turns.ts';
import { Changes } from './changes.ts';
import { inOrderOfTime } from './tie-order.ts';
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

async function upsertRow(session: ImportSession, tableRow: TableRow, at: At): Promise<void> {
  await checkRelations(session, tableRow, at);
  if (await insertRow(session.db, tableRow)) return;
  const isMadeThread = tableRow.table === 'threads' && session.madeThreads.delete(tableRow.row.id);
  if (!isMadeThread) await checkReplacement(session, tableRow, at);
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

/** Notes what the row of an object has differently because nothing executes it any more. */
function noteInterruption({ changes }: ImportSession, object: ApiObject, at: At): void {
  if (!('status' in object) || object.status === null) return;
  const { status } = object;
  const isOpenMessage = object.object === 'thread.message' && status === 'in_progress';
  const isOpenRun = object.object === 'thread.run' && isRunning(status);
  if (!isOpenMessage && !isOpenRun) return;
  const end = isOpenRun ? 'failed' : 'incomplete';
  const noun = isOpenRun ? 'a run' : 'a message';
  changes.note('Changed', `status '${status}' of ${noun} is now '${end}'`, () => at('status'));
}

/** Some of the API's sentences do not name the field. */
function toImportError({ message, param }: ValidationError, at: At): ImportError {
  if (param === null) return new ImportError(at(), message);
  const place = at(param);
  return new ImportError(message.includes(`'${param}'`) ? place : `${place}: ${param}`, message);
}

async function importObject(
  session: ImportSession,
  { value, isReference, at }: LocatedObject,
): Promise<void> {
  if (isReference) {
    const id = fieldOf(value, 'id');
    return typeof id === 'string' ? noteMissingParent(session, 'threads', { id, at }) : undefined;
  }
  const lineKind = fileLineKind(value);
  if (lineKind !== null) return fileLineImporters[lineKind](session, value, at);
  const object = parseApiObject(value);
  if ('problem' in object) throw toImportError(object.problem, at);
  const { created_at } = object;
  if ('thread_id' in object) {
    await noteMissingParent(session, 'threads', { id: object.thread_id, at, created_at });
  }
  if ('run_id' in object && object.object === 'thread.run.step') {
    await noteMissingParent(session, 'runs', { id: object.run_id, at });
  }
  const tableRow = toRow(object, session.options);
  await upsertRow(session, tableRow, at);
  await trackObject(session, object, tableRow);
  noteInterruption(session, object, at);
}

async function createSession(db: Database, options: ImportOptions): Promise<ImportSession> {
  await deferReferences(db);
  const maxSeqBefore = new Map<ListedTable, number>();
  for (const table of listedTables) maxSeqBefore.set(table, await maxSeq(db, table));
  return {
    db,
    options,
    maxSeqBefore,
    changes: options.changes ?? new Changes(),
    madeThreads: options.madeThreads ?? new Set(),
    unresolvedParents: new Map(),
    lastParent: new Map(),
    openSteps: [],
    files: new Map(),
    vectorStores: new Set(),
    counts: {
      assistant: 0,
      thread: 0,
      'thread.message': 0,
      'thread.run': 0,
      'thread.run.step': 0,
    },
  };
}

/** Imports objects; throws an {@link ImportError} for the first error in them. */
async function importAll(
  session: ImportSession,
  objects: AsyncIterable<LocatedObject> | Iterable<LocatedObject>,
): Promise<Counts> {
  for await (const object of objects) {
    session.options.signal.throwIfAborted();
    await importObject(session, object);
  }
  checkFilesComplete(session);
  await finishFile(session);
  return session.counts;
}

/**
 * Imports all objects of a file, with their ids, times and order, in a transaction of the caller. Throws
 * an {@link ImportError} for the first error in it.
 */
export async function importInto(
  transaction: Database,
  source: Source,
  options: ImportOptions,
): Promise<Counts> {
  const session = await createSession(transaction, options);
  const conversion = {
    now: options.now,
    changes: session.changes,
    unnamedMessages: new Map<string, number>(),
  };
  return importAll(session, inOrderOfTime(readObjects(source, conversion)));
}

/** Imports a file like {@link importInto}, in a transaction of its own. */
export async function importFile(
  db: Database,
  source: Source,
  options: ImportOptions,
): Promise<Counts> {
  const counts = await db
    .transaction()
    .execute((transaction) => importInto(transaction, source, options));
  await syncToDisk(db);
  return counts;
}

/** Imports objects that no file has, in one transaction, like {@link importInto}. */
export async function importObjects(
  db: Database,
  objects: Iterable<LocatedObject>,
  options: ImportOptions,
): Promise<Counts> {
  const counts = await db
    .transaction()
    .execute(async (transaction) => importAll(await createSession(transaction, options), objects));
  await syncToDisk(db);
  return counts;
}
