import {
  type ContextMessage,
  type ModelEvent,
  ModelFailure,
  type ModelRequest,
} from '../models/model.ts';
import { modelCallsOf } from '../models/past-turns.ts';
import { callWithRetry } from '../models/retry.ts';
import type { EngineDeps } from '../options.ts';
import { threadDeleted } from '../events/event-bus.ts';
import { findRun, runSettings } from '../store/runs.ts';
import type { RunRow } from '../store/schema.ts';
import {
  BudgetSpent,
  buildContext,
  type RunContext,
  exhaustedBudget,
  outputBudget,
} from '../prompt/context.ts';
import { callWithOverflowRetry } from '../prompt/overflow-retry.ts';
import {
  callWithContainer,
  type HostedToolContext,
  logOmittedFileSearch,
} from './code-container.ts';
import { respondToRun } from './file-search/available.ts';
import { waitForIndexing } from './vector-store-indexing.ts';
import { isStoreError } from '../store/errors.ts';
import { errorStack } from '../../shared/errors.ts';
import { TurnRecorder } from './turn-recorder.ts';
import { type Execution, type Interruption, LeaseLost } from './execution.ts';

const internalErrorMessage = 'The server failed to process the run. The server log has the cause.';

const endingOf = { cancelled: 'stop', expired: 'expire' } as const;

/** Records events until the signal aborts; resolves to whether the model call is finished. */
async function recordAll(
  recorder: TurnRecorder,
  batch: readonly ModelEvent[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const event of batch) {
    if (signal.aborted) return false;
    const saved = recorder.record(event);
    if (saved !== undefined) await saved;
    if (event.type === 'finished') return true;
  }
  return false;
}

async function callModel(
  deps: EngineDeps,
  execution: Execution,
  context: RunContext,
  recorder: TurnRecorder,
): Promise<void> {
  const { run, signal } = execution;
  const { model, clock, log, observer, modelTimeout = null } = deps;
  const { turns, usedTokens } = context;
  const settings = runSettings(run);
  const budget = exhaustedBudget(settings, usedTokens);
  if (budget !== null) throw new BudgetSpent(budget);
  const maxOutputTokens = outputBudget(settings, usedTokens);
  if (turns.length === 0) {
    logOmittedFileSearch(deps, run);
    await waitForIndexing(deps, execution);
  }
  let isRetrying = false;
  const call = (request: ModelRequest) =>
    callWithRetry(model, request, {
      clock,
      deadlineMs: run.deadline * 1000,
      stallTimeoutMs: modelTimeout === null ? null : modelTimeout * 1000,
      onRetry: async ({ code, message }, delayMs) => {
        log.warn('model call retried', { run_id: run.id, error: message, delay_ms: delayMs });
        observer?.modelRetried(settings.model);
        isRetrying = true;
        await recorder.showRetry({ code, message });
      },
      ...(observer && { onCall: (report) => observer.modelCalled(settings.model, report) }),
    });
  const modelCalls = turns.flatMap(modelCallsOf);
  const respond = (messages: readonly ContextMessage[], hosted: HostedToolContext) => {
    const request = { settings, messages, turns: modelCalls, maxOutputTokens, ...hosted, signal };
    return respondToRun(deps, execution, context, request, call);
  };
  const events = callWithOverflowRetry(deps, run, context, (messages) =>
    callWithContainer(deps, execution, (hosted) => respond(messages, hosted)),
  );
  for await (const batch of events) {
    if (signal.aborted) break;
    if (isRetrying) await recorder.showRetry(null);
    isRetrying = false;
    if (await recordAll(recorder, batch, signal)) return undefined;
  }
  if (!signal.aborted)
    throw new ModelFailure('server_error', 'The model stopped without finishing.');
  throw signal.reason;
}

/** Another process has the run now, unless it was deleted: then nobody else ends its streams. */
async function leaveRun({ db, events, log }: EngineDeps, run: RunRow): Promise<void> {
  log.warn('run lease lost', { run_id: run.id });
  const current = await findRun(db, run.thread_id, run.id);
  if (current === undefined) events.publish(run.id, threadDeleted);
}

/** Ends or releases a run whose execution was aborted or threw. */
async function finishInterrupted(
  deps: EngineDeps,
  recorder: TurnRecorder,
  { run, signal }: Execution,
  error: unknown,
): Promise<void> {
  const interruption: Interruption | null = signal.aborted ? signal.reason : null;
  if (interruption === 'lost' || error instanceof LeaseLost) {
    await leaveRun(deps, run);
  } else if (interruption === 'released') {
    await recorder.release();
  } else if (interruption !== null) {
    await recorder.end(endingOf[interruption]);
  } else if (error instanceof BudgetSpent) {
    await recorder.end('cut_off', { incomplete_details: { reason: error.budget } });
  } else if (error instanceof ModelFailure) {
    const { code, message, cause } = error;
    if (cause !== undefined) {
      deps.log.error('answer not processed', { run_id: run.id, error: errorStack(cause) });
    }
    await recorder.end('fail', { last_error: { code, message } });
  } else if (isStoreError(error)) {
    // The run itself is fine: it resumes when its lease lapses.
    throw error;
  } else {
    // Retrying a bug would fail again, and pay for the model call again.
    deps.log.error('run failed', { run_id: run.id, error: errorStack(error) });
    await recorder.end('fail', {
      last_error: { code: 'server_error', message: internalErrorMessage },
    });
  }
}

/**
 * Makes the next model call of a claimed run and saves its outcome. The execution's signal aborts
 * it, with an {@link Interruption} as the reason. Rejects only with errors of the store.
 */
export async function executeRun(deps: EngineDeps, execution: Execution): Promise<void> {
  const context = await buildContext(deps.db, execution.run, execution.isNew);
  const recorder = new TurnRecorder(deps, execution, context);
  try {
    await callModel(deps, execution, context, recorder);
  } catch (error) {
    try {
      await finishInterrupted(deps, recorder, execution, error);
    } catch (saveError) {
      if (!(saveError instanceof LeaseLost)) throw saveError;
      await leaveRun(deps, execution.run);
    }
  }
}
