import { sumUsage } from '../store/turns.ts';
import { findRun } from '../store/runs.ts';
import { findStep, stepBody, updateStep } from '../store/steps.ts';
import type { ImportSession } from './import-session.ts';
import { ImportError } from './import-error.ts';
import { restoreTurns } from './restore-turns.ts';

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
