import type { ContextMessage, PastTurn } from '../models/model.ts';
import { type CountTokens, countBytes, loadTokenizer } from './token-count.ts';
import { contextMessages, messageBody } from '../store/messages.ts';
import { runSettings } from '../store/runs.ts';
import { type RunRow } from '../store/schema.ts';
import type { Database, RunSettings, Usage } from '../store/schema.ts';
import { listTurns, sumUsage } from '../store/turns.ts';
import { truncateThread, type Fitted, type TokenCost } from './truncation.ts';
import { fixedTokens, messageTokens, searchTokens } from './token-count.ts';

/*
 * What a model is shown (contract §5.8): the thread's messages as they stood when the run began, as
 * far as they fit, then this run's own turns, verbatim and all of them. The function calls of
 * earlier runs are not part of a thread and are not shown. The run's token limits are budgets over
 * all its calls (contract §5.7): a call gets what the ones before it have left. The model's window
 * is a guess until the endpoint has refused something, so that what cannot fit it is sent anyway,
 * for the endpoint to say so.
 */

/** Fewer tokens than this cannot be asked of the model endpoint. */
const leastOutput = 16;

/** Tokens kept for an answer where the run does not limit it. */
const usualOutput = 16_384;

/** Messages between two of which everything else has its turn. */
const yieldEvery = 25;

type Budget = 'max_prompt_tokens' | 'max_completion_tokens';

/** A budget has too little left for the next call: the run ends here, incomplete. */
export class BudgetSpent extends Error {
  override readonly name = 'BudgetSpent';
  readonly budget: Budget;

  constructor(budget: Budget) {
    super(`${budget} is used up`);
    this.budget = budget;
  }
}

/** What the calls that a run has made so far left behind. */
export interface RunContext {
  readonly turns: PastTurn[];
  readonly usedTokens: Usage;
}

/** Reads what the next model call of a run continues; a run that is new has nothing to be read. */
export async function buildContext(db: Database, run: RunRow, isNew: boolean): Promise<RunContext> {
  const turns = isNew ? [] : await listTurns(db, run.id);
  return {
    turns: turns.map(({ items, outputs }) => ({ items, outputs: outputs ?? [] })),
    usedTokens: sumUsage(turns.map((turn) => turn.usage)),
  };
}

/** Tokens the next call may produce; null where the run sets no limit. */
export const outputBudget = (settings: RunSettings, usedTokens: Usage): number | null =>
  settings.max_completion_tokens === null
    ? null
    : settings.max_completion_tokens - usedTokens.completion_tokens;

/** Tokens the next call may be sent as far as the run limits it. */
const promptBudget = ({ max_prompt_tokens }: RunSettings, usedTokens: Usage): number =>
  max_prompt_tokens === null
    ? Number.POSITIVE_INFINITY
    : max_prompt_tokens - usedTokens.prompt_tokens;

/** Tokens of a window that are there for the prompt: the answer needs some, and so do searches. */
function promptRoom(settings: RunSettings, usedTokens: Usage, window: number): number {
  const output = outputBudget(settings, usedTokens);
  const answer = output === null ? Math.min(usualOutput, window / 4) : Math.min(output, window / 2);
  return window - answer - Math.min(searchTokens(settings), window / 4);
}

/** Reasoning goes back encrypted; what it takes was told when it was made. */
const scaleOf = (
  settings: RunSettings,
  { turns, usedTokens: spent }: RunContext,
  count: CountTokens,
) =>
  ({
    fixed: fixedTokens(settings, turns, count) + spent.completion_tokens_details.reasoning_tokens,
    of: (message) => messageTokens(message, count),
  }) satisfies TokenCost<ContextMessage>;

async function* readThread(db: Database, run: RunRow, order: 'asc' | 'desc', most?: number) {
  let read = 0;
  for await (const row of contextMessages(db, run, order, most)) {
    read += 1;
    if (read % yieldEvery === 0) await new Promise(setImmediate);
    yield { role: row.role, content: messageBody(row).content };
  }
}

/**
 * The thread as far as it fits into a window of so many tokens and into what is left of the run's
 * prompt tokens. Throws {@link BudgetSpent} when not even the newest message fits the latter.
 */
export async function fitThread(
  db: Database,
  run: RunRow,
  context: RunContext,
  window: number,
): Promise<Fitted<ContextMessage>> {
  const settings = runSettings(run);
  const { type, last_messages } = settings.truncation_strategy;
  const most = type === 'last_messages' ? (last_messages ?? undefined) : undefined;
  const ends = {
    newestFirst: () => readThread(db, run, 'desc', most),
    oldestFirst: most === undefined ? () => readThread(db, run, 'asc') : null,
  };
  const allowed = promptBudget(settings, context.usedTokens);
  const budget = Math.min(allowed, promptRoom(settings, context.usedTokens, window));
  const scale = (count: CountTokens) => scaleOf(settings, context, count);
  const exactly = async () => scale(await loadTokenizer());
  const fitted = await truncateThread(ends, budget, scale(countBytes), exactly);
  if (fitted.cost > allowed) throw new BudgetSpent('max_prompt_tokens');
  return fitted;
}

/** Tokens of a prompt as far as they can be counted here. */
export async function countPrompt(
  run: RunRow,
  context: RunContext,
  messages: readonly ContextMessage[],
): Promise<number> {
  const { fixed, of } = scaleOf(runSettings(run), context, await loadTokenizer());
  return messages.reduce((sum, message) => sum + of(message), fixed);
}

/** The budget that forbids another model call, if one does. */
export function exhaustedBudget(settings: RunSettings, usedTokens: Usage): Budget | null {
  if (promptBudget(settings, usedTokens) <= 0) return 'max_prompt_tokens';
  const left = outputBudget(settings, usedTokens);
  return left !== null && left < leastOutput ? 'max_completion_tokens' : null;
}

/** Whether the calls made so far have taken more prompt tokens than the run allows. */
export const overPromptBudget = (settings: RunSettings, usedTokens: Usage): boolean =>
  promptBudget(settings, usedTokens) < 0;
