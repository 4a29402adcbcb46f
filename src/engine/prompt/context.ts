import { yieldIfOthersWait, yieldToOthers } from '../../shared/clock.ts';
import type { ContextMessage, PastTurn } from '../models/model.ts';
import {
  countBytes,
  type CountTokens,
  fixedTexts,
  type FixedTexts,
  fixedTokens,
  messageTokens,
  searchTokens,
} from './token-count.ts';
import { contextMessages, messageBody } from '../store/messages.ts';
import { runSettings } from '../store/runs.ts';
import type { Database, RunRow, RunSettings, Usage } from '../store/schema.ts';
import { listTurns, sumUsage } from '../store/turns.ts';
import { countTokens } from './tokenizer.ts';
import { type TokenCost, type TruncatedThread, truncateThread } from './truncation.ts';

/*
 * The prompt of a model call (contract §5.8): the thread's messages from before the run, truncated
 * to fit, then all turns of this run, verbatim. It has no function calls of earlier runs. The run's
 * token limits are budgets over all its calls (contract §5.7). The model's window is a guess until
 * the endpoint rejects a prompt, so a prompt that seems too long is sent all the same.
 */

/** Model endpoints reject a lower limit. */
const minOutputTokens = 16;

/** Reserved for the response where the run does not limit it. */
const defaultOutputTokens = 16_384;

/** Yield to the event loop after this many messages. */
const yieldEvery = 25;

type Budget = 'max_prompt_tokens' | 'max_completion_tokens';

/** Too little of a budget remains for the next call: the run ends as incomplete. */
export class BudgetSpent extends Error {
  override readonly name = 'BudgetSpent';
  readonly budget: Budget;

  constructor(budget: Budget) {
    super(`${budget} is used up`);
    this.budget = budget;
  }
}

/** The run's earlier model calls. */
export interface RunContext {
  readonly turns: PastTurn[];
  readonly usedTokens: Usage;
}

/** Reads the run's earlier model calls; a new run has none, so nothing is read. */
export async function buildContext(db: Database, run: RunRow, isNew: boolean): Promise<RunContext> {
  const turns = isNew ? [] : await listTurns(db, run.id);
  return {
    turns: turns.map(({ items, outputs }) => ({ items, outputs: outputs ?? [] })),
    usedTokens: sumUsage(turns.map((turn) => turn.usage)),
  };
}

/** Tokens that the next call may produce; null if the run has no limit. */
export const outputBudget = (settings: RunSettings, usedTokens: Usage): number | null =>
  settings.max_completion_tokens === null
    ? null
    : settings.max_completion_tokens - usedTokens.completion_tokens;

/** Tokens that the next prompt may have; infinite if the run has no limit. */
export const promptBudget = ({ max_prompt_tokens }: RunSettings, usedTokens: Usage): number =>
  max_prompt_tokens === null
    ? Number.POSITIVE_INFINITY
    : max_prompt_tokens - usedTokens.prompt_tokens;

/** Tokens of a window that remain for the prompt after the response and search results. */
function promptWindow(settings: RunSettings, usedTokens: Usage, window: number): number {
  const output = outputBudget(settings, usedTokens);
  const reserved =
    output === null ? Math.min(defaultOutputTokens, window / 4) : Math.min(output, window / 2);
  return window - reserved - Math.min(searchTokens(settings), window / 4);
}

/** Reasoning is sent back encrypted, so its tokens come from the usage instead of the tokenizer. */
const tokenCost = async (fixed: FixedTexts, { usedTokens }: RunContext, count: CountTokens) =>
  ({
    fixed:
      (await fixedTokens(fixed, count)) + usedTokens.completion_tokens_details.reasoning_tokens,
    ofMessage: (message) => messageTokens(message, count),
  }) satisfies TokenCost<ContextMessage>;

async function* readThread(db: Database, run: RunRow, order: 'asc' | 'desc', limit?: number) {
  let read = 0;
  for await (const row of contextMessages(db, run, order, limit)) {
    read += 1;
    if (read % yieldEvery === 0) await yieldToOthers();
    yield { role: row.role, content: messageBody(row).content };
  }
}

/**
 * The thread truncated to a window (in tokens) and to the run's remaining prompt tokens. Throws
 * {@link BudgetSpent} if the newest message alone exceeds the latter.
 */
export async function fitThread(
  db: Database,
  run: RunRow,
  context: RunContext,
  window: number,
): Promise<TruncatedThread<ContextMessage>> {
  const settings = runSettings(run);
  const { type, last_messages } = settings.truncation_strategy;
  const maxMessages = type === 'last_messages' ? (last_messages ?? undefined) : undefined;
  const reader = {
    newestFirst: () => readThread(db, run, 'desc', maxMessages),
    oldestFirst: maxMessages === undefined ? () => readThread(db, run, 'asc') : null,
  };
  const remaining = promptBudget(settings, context.usedTokens);
  const budget = Math.min(remaining, promptWindow(settings, context.usedTokens, window));
  await yieldIfOthersWait();
  const fixed = fixedTexts(settings, context.turns);
  const upperBound = await tokenCost(fixed, context, countBytes);
  const exact = async () => tokenCost(fixed, context, countTokens);
  const truncated = await truncateThread(reader, budget, upperBound, exact);
  if (truncated.cost > remaining) throw new BudgetSpent('max_prompt_tokens');
  return truncated;
}

/** An estimate of a prompt's tokens: images and reasoning are not counted exactly. */
export async function countPrompt(
  run: RunRow,
  context: RunContext,
  messages: readonly ContextMessage[],
): Promise<number> {
  const texts = fixedTexts(runSettings(run), context.turns);
  const { fixed, ofMessage } = await tokenCost(texts, context, countTokens);
  let tokens = fixed;
  for (const message of messages) tokens += await ofMessage(message);
  return tokens;
}

/** The budget that does not allow another model call; null if both do. */
export function exhaustedBudget(settings: RunSettings, usedTokens: Usage): Budget | null {
  if (promptBudget(settings, usedTokens) <= 0) return 'max_prompt_tokens';
  const remaining = outputBudget(settings, usedTokens);
  return remaining !== null && remaining < minOutputTokens ? 'max_completion_tokens' : null;
}

/** Whether the calls so far used more prompt tokens than the run allows. */
export const overPromptBudget = (settings: RunSettings, usedTokens: Usage): boolean =>
  promptBudget(settings, usedTokens) < 0;
