import { findRow, insertRow, type TableRow } from '../store/raw-rows.ts';
import { findActiveRun, findRun } from '../store/runs.ts';
import { findStep, stepBody, updateStep } from '../store/steps.ts';
import { sumUsage } from '../store/turns.ts';
import { ImportError } from './import-source.ts';
import type { ImportSession, MissingParent } from './import-session.ts';
import { threadRow } from './object-rows.ts';
import type { LocatedObject } from './object-reader.ts';
import { restoreTurns } from './restore-turns.ts';

export type At = LocatedObject['at'];

interface NamedParent {
  readonly id: string;
  /** Where the object is that names it. */
  readonly at: At;
  /** When that object was created. */
  readonly created_at?: number;
}

/** Notes a parent that does not exist yet; it may follow in this file. */
export async function noteMissingParent(
  { db, lastParent, unresolvedParents }: ImportSession,
  table: MissingParent['table'],
  { id, at, created_at }: NamedParent,
): Promise<void> {
  const key = `${table} ${id}`;
  const missing = unresolvedParents.get(key);
  if (missing !== undefined) {
    missing.created_at = Math.min(created_at ?? Infinity, missing.created_at ?? Infinity);
    return;
  }
  if (lastParent.get(table) === id) return;
  lastParent.set(table, id);
  if ((await findRow(db, table, id)) !== undefined) return;
  unresolvedParents.set(key, { table, id, at, created_at: created_at ?? null });
}

/** Makes the threads that objects name and that are nowhere; a run cannot be made. */
async function makeThreads(session: ImportSession): Promise<void> {
  const { db, unresolvedParents, options, changes, counts, madeThreads } = session;
  for (const { table, id, at, created_at } of unresolvedParents.values()) {
    if (table === 'runs') {
      throw new ImportError(
        at('run_id'),
        `Invalid 'run_id': no run found with id '${id}', neither in this file nor in the database.`,
      );
    }
    const time = created_at !== null && Number.isFinite(created_at) ? created_at : options.now;
    const row = threadRow({ object: 'thread', id, created_at: time });
    await insertRow(db, row);
    madeThreads.add(id);
    counts.thread += 1;
    changes.note('Added', 'thread that the file only names', () => at('thread_id'));
  }
}

/** Checks that a thread has at most one active run, and that a step is in its run's thread. */
export async function checkRelations(
  { db }: ImportSession,
  tableRow: TableRow,
  at: At,
): Promise<void> {
  if (tableRow.table === 'runs' && tableRow.row.status === 'requires_action') {
    const active = await findActiveRun(db, tableRow.row.thread_id);
    if (active !== undefined && active.id !== tableRow.row.id) {
      throw new ImportError(
        at('status'),
        `Invalid 'status': thread '${active.thread_id}' already has an active run '${active.id}'.`,
      );
    }
  }
  if (tableRow.table === 'steps') {
    const { run_id, thread_id } = tableRow.row;
    const run = await findRow(db, 'runs', run_id);
    if (run !== undefined && run.thread_id !== thread_id) {
      throw new ImportError(
        at('thread_id'),
        `Invalid 'thread_id': run '${run_id}' belongs to thread '${run.thread_id}'.`,
      );
    }
  }
}

/** The error for an id that this file has had, or that the database has. */
export const duplicateId = (at: At, id: string, isInThisFile: boolean): ImportError =>
  new ImportError(
    at('id'),
    isInThisFile
      ? `Duplicate 'id': '${id}' appears twice in this file.`
      : `Duplicate 'id': '${id}' already exists in the database; use --replace to overwrite it.`,
  );

/** Checks that an object may overwrite the one with its id. */
export async function checkReplacement(
  { db, options, maxSeqBefore }: ImportSession,
  { table, row }: TableRow,
  at: At,
): Promise<void> {
  const existing = await findRow(db, table, row.id);
  if (!options.replace) {
    throw duplicateId(at, row.id, (existing?.seq ?? 0) > (maxSeqBefore.get(table) ?? 0));
  }
  const thread_id = table === 'threads' ? row.id : existing?.thread_id;
  if (thread_id === undefined) return;
  if ('thread_id' in row && row.thread_id !== thread_id) {
    throw new ImportError(
      at('thread_id'),
      `Invalid 'thread_id': '${row.id}' belongs to thread '${thread_id}'.`,
    );
  }
  if (table === 'steps' && row.run_id !== existing?.run_id) {
    throw new ImportError(
      at('run_id'),
      `Invalid 'run_id': '${row.id}' belongs to run '${existing?.run_id}'.`,
    );
  }
  const active = await findActiveRun(db, thread_id);
  if (active !== undefined && !options.waiting.has(active.id)) {
    throw new ImportError(
      at('id'),
      `Cannot replace '${row.id}': thread '${thread_id}' has an active run '${active.id}'. Cancel the run or wait until it ends.`,
    );
  }
}

const interruptedStepError = {
  code: 'server_error' as const,
  message: 'The step was in progress when it was exported and cannot be continued.',
};

/** Fails steps in progress, except tool calls whose run requires tool outputs. */
async function failOpenSteps({ db, openSteps, options }: ImportSession): Promise<void> {
  for (const { run_id, id } of openSteps) {
    const step = await findStep(db, run_id, id);
    if (step === undefined) continue;
    const run = await findRun(db, step.thread_id, run_id);
    const body = stepBody(step);
    if (run?.status === 'requires_action' && body.type === 'tool_calls') continue;
    await updateStep(db, id, {
      ...body,
      status: 'failed',
      failed_at: options.now,
      expires_at: null,
      last_error: interruptedStepError,
      usage: body.usage ?? sumUsage([]),
    });
  }
}

/** Restores the turns of pending runs from all steps imported so far. */
async function restorePendingRuns({ db, options }: ImportSession): Promise<void> {
  for (const [id, { thread_id, state, hasTurns }] of options.waiting) {
    const run = hasTurns ? undefined : await findRun(db, thread_id, id);
    // A server may have continued a run that an earlier file had.
    if (run?.status === 'requires_action' && run.state === state) await restoreTurns(db, run);
  }
}

/** Does what needs the complete file; throws an {@link ImportError} if a parent is missing. */
export async function finishFile(session: ImportSession): Promise<void> {
  await makeThreads(session);
  await failOpenSteps(session);
  await restorePendingRuns(session);
}
