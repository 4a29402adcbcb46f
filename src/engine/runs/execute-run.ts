import { type ContextMessage, ModelFailure } from '../models/model.ts';
import { askPatiently } from '../models/retry.ts';
import type { EngineParts } from '../options.ts';
import { runSettings } from '../store/runs.ts';
import {
  BudgetSpent,
  buildContext,
  type Context,
  exhaustedBudget,
  outputBudget,
} from '../prompt/context.ts';
import { askFitting } from '../prompt/overflow-retry.ts';
import { askHosted, type Hosted, reportLeftOut } from './code-container.ts';
import { awaitIndexing } from './vector-store-indexing.ts';
import { isOfStore } from '../store/outage.ts';
import { type Execution, LeaseLost, TurnRecorder } from './turn-recorder.ts';

/** Why an execution is broken off; the reason its signal aborts with. */
export type Interruption = 'cancelled' | 'expired' | 'released' | 'lost';

const mistaken = 'Sorry, something went wrong: the log of the server says what.';

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

const endings = { cancelled: 'stop', expired: 'expire' } as const;

async function callModel(
  parts: EngineParts,
  execution: Execution,
  context: Context,
  recorder: TurnRecorder,
): Promise<void> {
  const { run, signal } = execution;
  const { model, clock, log, observer } = parts;
  const settings = runSettings(run);
  const spentBudget = exhaustedBudget(settings, context.spent);
  if (spentBudget !== null) throw new BudgetSpent(spentBudget);
  const { turns, spent } = context;
  const maxOutputTokens = outputBudget(settings, spent);
  if (turns.length === 0) {
    reportLeftOut(parts, run);
    await awaitIndexing(parts, execution);
  }
  const ask = (messages: readonly ContextMessage[], hosted: Hosted) => {
    const request = { settings, messages, turns, maxOutputTokens, ...hosted, signal };
    return askPatiently(model, request, {
      clock,
      until: run.deadline * 1000,
      onRetry: ({ message }, pause) => {
        log.warn('model call tried again', { run_id: run.id, error: message, pause });
        observer?.modelRetried(settings.model);
      },
      ...(observer && { onCall: (call) => observer.modelCalled(settings.model, call) }),
    });
  };
  const events = askFitting(parts, run, context, (messages) =>
    askHosted(parts, execution, (hosted) => ask(messages, hosted)),
  );
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
  { run, signal }: Execution,
  error: unknown,
): Promise<void> {
  const interruption: Interruption | null = signal.aborted ? signal.reason : null;
  if (interruption === 'lost' || error instanceof LeaseLost) {
    parts.log.warn('run lease lost', { run_id: run.id });
  } else if (interruption === 'released') {
    await recorder.release();
  } else if (interruption !== null) {
    await recorder.end(endings[interruption]);
  } else if (error instanceof BudgetSpent) {
    await recorder.end('cut_off', { incomplete_details: { reason: error.budget } });
  } else if (error instanceof ModelFailure) {
    const { code, message } = error;
    await recorder.end('fail', { last_error: { code, message } });
  } else if (isOfStore(error)) {
    // The store's fault is not the run's, which goes on when somebody takes it up again.
    throw error;
  } else {
    // A mistake would only be made again, and what the model said be bought again.
    parts.log.error('run failed', { run_id: run.id, error: stackOf(error) });
    await recorder.end('fail', { last_error: { code: 'server_error', message: mistaken } });
  }
}

/**
 * Makes the next model call of a run that was claimed and writes what comes of it, whatever happens.
 * The execution's signal breaks it off, with an {@link Interruption} as its reason. Rejects only
 * when the store does.
 */
export async function executeRun(parts: EngineParts, execution: Execution): Promise<void> {
  const context = await buildContext(parts.db, execution.run, execution.isNew);
  const recorder = new TurnRecorder(parts, execution, context);
  try {
    await callModel(parts, execution, context, recorder);
  } catch (error) {
    try {
      await settle(parts, recorder, execution, error);
    } catch (late) {
      if (!(late instanceof LeaseLost)) throw late;
    }
  }
}
