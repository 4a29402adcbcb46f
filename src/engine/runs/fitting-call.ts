import type { ContextMessage, ModelEvent } from '../models/model.ts';
import { ContextOverflow } from '../models/overflow.ts';
import type { EngineParts } from '../options.ts';
import { type RunRow, runSettings } from '../store/runs.ts';
import { type Context, countPrompt, fitThread } from './context.ts';

/** Calls for one answer while the endpoint finds each prompt too long: by then it had an eighth. */
const mostCalls = 5;
/** What of a refused prompt is tried next where the endpoint does not say what it takes. */
const less = 2 / 3;

/** Takes note of a refusal, so that the next prompt is shorter, in this run and in others. */
async function learn(
  { windows, log }: EngineParts,
  run: RunRow,
  { message, window }: ContextOverflow,
  sent: number,
): Promise<void> {
  const { model } = runSettings(run);
  const assumed = windows.of(model);
  // Where the endpoint's count is not ours, what it says it takes can be more than was sent.
  const tokens = window !== null && window < assumed ? window : Math.floor(sent * less);
  windows.learn(model, Math.min(tokens, assumed));
  log.info('prompt too long', { run_id: run.id, model, window: windows.of(model), error: message });
}

/**
 * Makes a model call with as much of the thread as fits, and with less of it for as long as the
 * endpoint finds it too long. Throws what the last call threw, or `BudgetSpent`.
 */
export async function* askFitting(
  parts: EngineParts,
  run: RunRow,
  context: Context,
  ask: (messages: readonly ContextMessage[]) => AsyncIterable<ModelEvent>,
): AsyncGenerator<ModelEvent> {
  const { model } = runSettings(run);
  for (let calls = 1; ; calls += 1) {
    const { messages } = await fitThread(parts.db, run, context, parts.windows.of(model));
    let isAnswered = false;
    try {
      for await (const event of ask(messages)) {
        isAnswered = true;
        yield event;
      }
      return;
    } catch (error) {
      const isFinal = isAnswered || calls === mostCalls || messages.length < 2;
      if (isFinal || !(error instanceof ContextOverflow)) throw error;
      await learn(parts, run, error, await countPrompt(run, context, messages));
    }
  }
}
