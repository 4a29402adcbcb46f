import { redact } from '../../redact.ts';
import { ModelFailure } from '../models/model.ts';
import type { EngineParts } from '../options.ts';
import { type RunRow, runSettings } from '../store/runs.ts';
import { buildContext, type Context, exhaustedBudget, outputBudget } from './context.ts';
import { LeaseLost, TurnRecorder } from './turn.ts';

/** Why an execution is broken off; the reason its signal aborts with. */
export type Interruption = 'cancelled' | 'expired' | 'released' | 'lost';

const endings = { cancelled: 'stop', expired: 'expire' } as const;

const lastError = (error: unknown) =>
  error instanceof ModelFailure
    ? { code: error.code, message: error.message }
    : {
        code: 'server_error' as const,
        message: redact(error instanceof Error ? error.message : String(error)),
      };

async function callModel(
  { model }: EngineParts,
  run: RunRow,
  context: Context,
  recorder: TurnRecorder,
  signal: AbortSignal,
): Promise<void> {
  const settings = runSettings(run);
  const spentBudget = exhaustedBudget(settings, context.spent);
  if (spentBudget !== null) {
    return recorder.end('cut_off', { incomplete_details: { reason: spentBudget } });
  }
  const events = model.respond({
    settings,
    messages: context.messages,
    turns: context.turns,
    maxOutputTokens: outputBudget(settings, context.spent),
    signal,
  });
  for await (const event of events) {
    if (signal.aborted) break;
    await recorder.record(event);
    if (event.type === 'finished') return undefined;
  }
  if (!signal.aborted)
    throw new ModelFailure('server_error', 'The model stopped without finishing.');
  throw signal.reason;
}

/** Brings a broken-off execution to its end: the run is ended, failed, or handed back. */
async function settle(
  parts: EngineParts,
  recorder: TurnRecorder,
  run: RunRow,
  signal: AbortSignal,
  error: unknown,
): Promise<void> {
  const interruption: Interruption | null = signal.aborted ? signal.reason : null;
  if (interruption === 'lost' || error instanceof LeaseLost) {
    parts.log.warn('run lease lost', { run_id: run.id });
  } else if (interruption === 'released') {
    await recorder.release();
  } else if (interruption !== null) {
    await recorder.end(endings[interruption]);
  } else {
    const last_error = lastError(error);
    parts.log.warn('run failed', { run_id: run.id, error: last_error.message });
    await recorder.end('fail', { last_error });
  }
}

/**
 * Makes the next model call of a run that was claimed under `token` and writes what comes of it,
 * whatever happens. `signal` breaks it off, with an {@link Interruption} as its reason. Rejects
 * only when the store does.
 */
export async function executeRun(
  parts: EngineParts,
  run: RunRow,
  token: string,
  signal: AbortSignal,
): Promise<void> {
  const context = await buildContext(parts.db, run);
  const recorder = new TurnRecorder(parts, run, token, context);
  try {
    await callModel(parts, run, context, recorder, signal);
  } catch (error) {
    try {
      await settle(parts, recorder, run, signal, error);
    } catch (late) {
      if (!(late instanceof LeaseLost)) throw late;
    }
  }
}
