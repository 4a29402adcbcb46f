import { type TableRow, findRow } from '../store/raw-rows.ts';
import { findActiveRun, findRun } from '../store/runs.ts';
import type { ImportSession } from './import-session.ts';
import { ImportError } from './import-error.ts';
import { findStep, stepBody, updateStep } from '../store/steps.ts';
import { sumUsage } from '../store/turns.ts';
import { restoreTurns } from './restore-turns.ts';

/* What an object must agree with beside itself. */
const nouns = { threads: 'thread', runs: 'run' } as const;

/** Notes a parent that is not there yet; it may still come in this file. */
export async function noteMissingParent(
  { db, lastParent: last, unresolvedParents: missing }: ImportSession,
  table: 'threads' | 'runs',
  id: string,
  place: string,
): Promise<void> {
  if (last.get(table) === id) return;
  last.set(table, id);
  if (missing.has(`${table} ${id}`) || (await findRow(db, table, id)) !== undefined) return;
  const noun = nouns[table];
  const sentence = `Invalid '${noun}_id': no ${noun} found with id '${id}', neither in this file nor in the database.`;
  missing.set(`${table} ${id}`, { place, sentence });
}

/** A thread has one live run at most, and a step is of the thread its run is of. */
export async function checkRelations(
  { db }: ImportSession,
  copy: TableRow,
  place: string,
): Promise<void> {
  if (copy.table === 'runs' && copy.row.status === 'requires_action') {
    const live = await findActiveRun(db, copy.row.thread_id);
    if (live !== undefined && live.id !== copy.row.id) {
      throw new ImportError(
        place,
        `Invalid 'status': thread '${live.thread_id}' already has an active run '${live.id}'.`,
      );
    }
  }
  if (copy.table === 'steps') {
    const { run_id, thread_id } = copy.row;
    const run = await findRow(db, 'runs', run_id);
    if (run !== undefined && run.thread_id !== thread_id) {
      throw new ImportError(
        place,
        `Invalid 'thread_id': run '${run_id}' belongs to thread '${run.thread_id}'.`,
      );
    }
  }
}

/** Whether an object may take the place of the one with its id. */
export async function checkReplacement(
  { db, options, maxSeqBefore: newest }: ImportSession,
  { table, row }: TableRow,
  place: string,
): Promise<void> {
  const owner = await findRow(db, table, row.id);
  if (!options.replace) {
    throw new ImportError(
      place,
      (owner?.seq ?? 0) > (newest.get(table) ?? 0)
        ? `Duplicate 'id': '${row.id}' has already come in this file.`
        : `Duplicate 'id': '${row.id}' is in the database already; --replace replaces it.`,
    );
  }
  const thread_id = table === 'threads' ? row.id : owner?.thread_id;
  if (thread_id === undefined) return;
  if ('thread_id' in row && row.thread_id !== thread_id) {
    throw new ImportError(
      place,
      `Invalid 'thread_id': '${row.id}' belongs to thread '${thread_id}'.`,
    );
  }
  if (table === 'steps' && row.run_id !== owner?.run_id) {
    throw new ImportError(
      place,
      `Invalid 'run_id': '${row.id}' belongs to run '${owner?.run_id}'.`,
    );
  }
  const live = await findActiveRun(db, thread_id);
  if (live !== undefined && !options.waiting.has(live.id)) {
    throw new ImportError(
      place,
      `Thread '${thread_id}' has an active run '${live.id}'; cancel it or let it end before anything of the thread is replaced.`,
    );
  }
}
/* What can be said only when all of a file has come. */
const interrupted = {
  code: 'server_error' as const,
  message: 'The step was in progress when it was exported and cannot be continued.',
};

/** Nobody will end a step in progress, unless its run waits for the step's outputs. */
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
      last_error: interrupted,
      usage: body.usage ?? sumUsage([]),
    });
  }
}

/** Makes the transcripts of waiting runs from all of their steps that have come so far. */
async function writeTranscripts({ db, options }: ImportSession): Promise<void> {
  for (const [id, { thread_id, state, hasTurns }] of options.waiting) {
    const run = hasTurns ? undefined : await findRun(db, thread_id, id);
    // A server may have gone on with a run that an earlier file brought.
    if (run?.status === 'requires_action' && run.state === state) await restoreTurns(db, run);
  }
}

/** Ends a file: refuses it if anything it refers to has not come. */
export async function finishFile(batch: ImportSession): Promise<void> {
  const [first] = batch.unresolvedParents.values();
  if (first !== undefined) throw new ImportError(first.place, first.sentence);
  await failOpenSteps(batch);
  await writeTranscripts(batch);
}
