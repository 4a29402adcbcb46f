import type { ContextMessage, ModelEvent } from '../models/model.ts';
import { ContextOverflow } from '../models/context-window.ts';
import type { EngineDeps } from '../options.ts';
import { runSettings } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import { type RunContext, countPrompt, fitThread } from './context.ts';

/** Calls for one answer while the endpoint finds each prompt too long: the last had a sixteenth. */
const maxCalls = 5;

/** What of a refused prompt is tried next where the endpoint does not say what it takes. */
const shrinkFactor = 2 / 3;

/** The window to fit the thread into next, when so many tokens were refused. */
const nextWindow = (window: number, stated: number | null, refused: number): number =>
  // Where the endpoint's count is not ours, what it says it takes can be more than was sent.
  stated !== null && stated < window
    ? stated
    : Math.min(window, Math.floor(refused * shrinkFactor));

/**
 * Makes a model call with as much of the thread as fits, and with less of it for as long as the
 * endpoint finds it too long. A window that was found out so is kept in mind once it has proved
 * itself. Throws what the last call threw, or `BudgetSpent`.
 */
export async function* callWithOverflowRetry(
  { db, windows, log }: EngineDeps,
  run: RunRow,
  context: RunContext,
  ask: (messages: readonly ContextMessage[]) => AsyncIterable<ModelEvent>,
): AsyncGenerator<ModelEvent> {
  const { model } = runSettings(run);
  let window = windows.get(model);
  for (let calls = 1; ; calls += 1) {
    const { messages } = await fitThread(db, run, context, window);
    let isAnswered = false;
    try {
      for await (const event of ask(messages)) {
        if (!isAnswered) windows.learn(model, window);
        isAnswered = true;
        yield event;
      }
      return;
    } catch (error) {
      const isFinal = isAnswered || calls === maxCalls || messages.length < 2;
      if (isFinal || !(error instanceof ContextOverflow)) throw error;
      window = nextWindow(window, error.window, await countPrompt(run, context, messages));
      log.info('prompt too long', { run_id: run.id, model, window, error: error.message });
    }
  }
}
