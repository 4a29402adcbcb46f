import type { ContextMessage, PastTurn } from '../models/model.ts';
import { contextMessages, messageBody } from '../store/messages.ts';
import { runSettings, type RunRow } from '../store/runs.ts';
import type { Database, RunSettings, Usage } from '../store/schema.ts';
import { listTurns, sumUsage } from '../store/turns.ts';

/*
 * What a model is shown (contract §5.8): the thread's messages as they stood when the run began,
 * then this run's own turns, verbatim. The function calls of earlier runs are not part of a thread
 * and are not shown. Token limits are budgets over all calls of the run (contract §5.7).
 */

/** Fewer tokens than this cannot be asked of the model endpoint. */
const leastOutput = 16;

export interface Context {
  readonly messages: ContextMessage[];
  readonly turns: PastTurn[];
  readonly spent: Usage;
}

/** Reads what the next model call of a run is to see. */
export async function buildContext(db: Database, run: RunRow): Promise<Context> {
  const { truncation_strategy } = runSettings(run);
  const newest =
    truncation_strategy.type === 'last_messages' ? truncation_strategy.last_messages : null;
  const messages = await contextMessages(db, run.thread_id, run.id, newest);
  const turns = await listTurns(db, run.id);
  return {
    messages: messages.map((row) => ({ role: row.role, content: messageBody(row).content })),
    turns: turns.map(({ items, outputs }) => ({ items, outputs: outputs ?? [] })),
    spent: sumUsage(turns.map((turn) => turn.usage)),
  };
}

/** Tokens the next call may produce; null where the run sets no limit. */
export const outputBudget = (settings: RunSettings, spent: Usage): number | null =>
  settings.max_completion_tokens === null
    ? null
    : settings.max_completion_tokens - spent.completion_tokens;

/** The budget that forbids another model call, if one does. */
export function exhaustedBudget(
  settings: RunSettings,
  spent: Usage,
): 'max_prompt_tokens' | 'max_completion_tokens' | null {
  const { max_prompt_tokens } = settings;
  if (max_prompt_tokens !== null && spent.prompt_tokens >= max_prompt_tokens) {
    return 'max_prompt_tokens';
  }
  const left = outputBudget(settings, spent);
  return left !== null && left < leastOutput ? 'max_completion_tokens' : null;
}

/** Whether the calls made so far have taken more prompt tokens than the run allows. */
export const overPromptBudget = (settings: RunSettings, spent: Usage): boolean =>
  settings.max_prompt_tokens !== null && spent.prompt_tokens > settings.max_prompt_tokens;
