import type { ContextMessage, ModelEvent } from '../models/model.ts';
import { ContextOverflow } from '../models/context-window.ts';
import type { EngineDeps } from '../options.ts';
import { runSettings } from '../store/runs.ts';
import type { RunRow } from '../store/schema.ts';
import { type RunContext, countPrompt, fitThread } from './context.ts';

/** The last of these calls sends about a fifth of the first prompt. */
const maxCalls = 5;

/** The next prompt relative to the rejected one, where the endpoint does not state its window. */
const shrinkFactor = 2 / 3;

const nextWindow = (window: number, statedWindow: number | null, rejectedTokens: number): number =>
  // The endpoint may count more tokens than we do: then the window that it states does not help.
  statedWindow !== null && statedWindow < window
    ? statedWindow
    : Math.min(window, Math.floor(rejectedTokens * shrinkFactor));

/**
 * Makes a model call with as much of the thread as fits, and retries with less of it while the
 * endpoint rejects the prompt as too long. Remembers a window that worked. Throws the error of the
 * last call, or `BudgetSpent`.
 */
export async function* callWithOverflowRetry(
  { db, windows, log }: EngineDeps,
  run: RunRow,
  context: RunContext,
  call: (messages: readonly ContextMessage[]) => AsyncIterable<readonly ModelEvent[]>,
): AsyncGenerator<readonly ModelEvent[]> {
  const { model } = runSettings(run);
  let window = windows.get(model);
  for (let calls = 1; ; calls += 1) {
    const { messages } = await fitThread(db, run, context, window);
    let hasStarted = false;
    try {
      for await (const batch of call(messages)) {
        if (!hasStarted) windows.learn(model, window);
        hasStarted = true;
        yield batch;
      }
      return;
    } catch (error) {
      const isFinal = hasStarted || calls === maxCalls || messages.length < 2;
      if (isFinal || !(error instanceof ContextOverflow)) throw error;
      window = nextWindow(window, error.windowTokens, await countPrompt(run, context, messages));
      log.info('prompt too long', { run_id: run.id, model, window, error: error.message });
    }
  }
}
