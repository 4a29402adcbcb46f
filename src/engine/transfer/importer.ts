import {
  type Copy,
  deferReferences,
  insertCopy,
  lastPlace,
  type ListedTable,
  listedTables,
  replaceCopy,
} from '../store/raw-rows.ts';
import { reachDisk } from '../store/durability.ts';
import type { Database } from '../store/schema.ts';
import { deleteTurns } from '../store/turns.ts';
import { type ApiObject, readObject } from '../../schema/objects/index.ts';
import type { Batch, Counts, ImportOptions } from './import-session.ts';
import { checkFamily, checkReplacement, expectParent } from './import-checks.ts';
import { endFile } from './ends.ts';
import type { Source } from './lines.ts';
import { Refusal } from './import-error.ts';
import { assistantCopy, messageCopy, threadCopy } from './object-rows.ts';
import { runCopy, stepCopy, type Terms, fillUsage } from './run-rows.ts';
import { writeTurns } from './restore-turns.ts';
import { type Located, readValues } from './json-reader.ts';

function toCopy(it: ApiObject, terms: Terms): Copy {
  switch (it.object) {
    case 'assistant':
      return assistantCopy(it);
    case 'thread':
      return threadCopy(it);
    case 'thread.message':
      return messageCopy(it, terms.now);
    case 'thread.run':
      return runCopy(it, terms);
    case 'thread.run.step':
      return stepCopy(it);
  }
}

async function write(batch: Batch, copy: Copy, place: string): Promise<void> {
  await checkFamily(batch, copy, place);
  if (await insertCopy(batch.db, copy)) return;
  await checkReplacement(batch, copy, place);
  await replaceCopy(batch.db, copy);
  if (copy.table === 'runs') await deleteTurns(batch.db, copy.row.id);
}

/** Keeps in mind what later objects, or the end of the file, have to know of this one. */
async function remember(batch: Batch, it: ApiObject, copy: Copy): Promise<void> {
  const { table } = copy;
  batch.counts[it.object] += 1;
  batch.last.set(table, it.id);
  batch.missing.delete(`${table} ${it.id}`);
  if (it.object === 'thread.run.step' && it.status === 'in_progress') {
    batch.openSteps.push({ run_id: it.run_id, id: it.id });
  }
  if (it.object !== 'thread.run' || it.status !== 'requires_action' || table !== 'runs') return;
  const turns = (it.turns ?? []).map((turn) => ({ ...turn, usage: fillUsage(turn.usage) }));
  await writeTurns(batch.db, it.id, turns);
  const { thread_id, state } = copy.row;
  batch.options.waiting.set(it.id, { thread_id, state, hasTurns: turns.length > 0 });
}

async function take(batch: Batch, { value, place }: Located): Promise<void> {
  const it = readObject(value);
  if ('problem' in it) throw new Refusal(place, it.problem.message);
  if ('thread_id' in it) await expectParent(batch, 'threads', it.thread_id, place);
  if ('run_id' in it && it.object === 'thread.run.step') {
    await expectParent(batch, 'runs', it.run_id, place);
  }
  const copy = toCopy(it, batch.options);
  await write(batch, copy, place);
  await remember(batch, it, copy);
}

async function openBatch(db: Database, options: ImportOptions): Promise<Batch> {
  await deferReferences(db);
  const newest = new Map<ListedTable, number>();
  for (const table of listedTables) newest.set(table, await lastPlace(db, table));
  return {
    db,
    options,
    newest,
    missing: new Map(),
    last: new Map(),
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
 * Brings all objects of a file into the database, or none: throws a {@link Refusal} for the first
 * thing wrong with it. Objects keep their ids and times, and their order in the file.
 */
export async function importFile(
  db: Database,
  source: Source,
  options: ImportOptions,
): Promise<Counts> {
  const counts = await db.transaction().execute(async (transaction) => {
    const batch = await openBatch(transaction, options);
    for await (const located of readValues(source)) {
      options.signal.throwIfAborted();
      await take(batch, located);
    }
    await endFile(batch);
    return batch.counts;
  });
  await reachDisk(db);
  return counts;
}
