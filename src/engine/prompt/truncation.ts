/*
 * Truncates a thread to a token budget (contract §5.8). The thread is read from both ends, only as
 * far as the budget reaches. The number of bytes is an upper bound for the tokens, so the slower
 * tokenizer runs only if a thread has more bytes than the budget has tokens.
 */

/** Reads a thread from either end; each call starts at that end again. */
export interface ThreadReader<Message> {
  newestFirst(): AsyncIterable<Message>;
  /** Null: a truncated thread does not keep its beginning. */
  readonly oldestFirst: (() => AsyncIterable<Message>) | null;
}

export interface TokenCost<Message> {
  /** The cost of the prompt without messages. */
  readonly fixed: number;
  /** Always positive. */
  readonly ofMessage: (message: Message) => number | Promise<number>;
}

export interface TruncatedThread<Message> {
  /** Oldest first. */
  readonly messages: Message[];
  /** An upper bound of the prompt's cost, `fixed` included. */
  readonly cost: number;
}

/** The share of the budget that the beginning of a truncated thread may use. */
const headShare = 1 / 4;

interface Prefix<Message> {
  readonly messages: Message[];
  readonly cost: number;
  readonly isAll: boolean;
}

/** The first messages, as many as fit into the budget. */
async function takeFitting<Message>(
  messages: AsyncIterable<Message> | Iterable<Message>,
  budget: number,
  ofMessage: TokenCost<Message>['ofMessage'],
): Promise<Prefix<Message>> {
  const fitting: Message[] = [];
  let cost = 0;
  for await (const message of messages) {
    const messageCost = await ofMessage(message);
    if (cost + messageCost > budget) return { messages: fitting, cost, isAll: false };
    fitting.push(message);
    cost += messageCost;
  }
  return { messages: fitting, cost, isAll: budget >= 0 };
}

async function first<Message>(messages: AsyncIterable<Message>): Promise<Message[]> {
  for await (const message of messages) return [message];
  return [];
}

/**
 * Keeps the newest message even if it does not fit, then the oldest messages up to their share, then
 * as many of the newest as fit.
 */
async function dropMiddle<Message>(
  reader: ThreadReader<Message>,
  budget: number,
  { fixed, ofMessage }: TokenCost<Message>,
): Promise<TruncatedThread<Message>> {
  const messageBudget = budget - fixed;
  const recent = await takeFitting(reader.newestFirst(), messageBudget, ofMessage);
  if (recent.isAll) return { messages: recent.messages.toReversed(), cost: fixed + recent.cost };
  const newest = recent.messages[0];
  if (newest === undefined) {
    const messages = await first(reader.newestFirst());
    let cost = fixed;
    for (const message of messages) cost += await ofMessage(message);
    return { messages, cost };
  }
  const headBudget = Math.min(messageBudget * headShare, messageBudget - (await ofMessage(newest)));
  const head = await takeFitting(reader.oldestFirst?.() ?? [], headBudget, ofMessage);
  const tail = await takeFitting(recent.messages, messageBudget - head.cost, ofMessage);
  const messages = [...head.messages, ...tail.messages.toReversed()];
  return { messages, cost: fixed + head.cost + tail.cost };
}

/**
 * Truncates a thread to a budget: all of it if it fits, otherwise its end and a little of its
 * beginning. The newest message is always included; if it alone does not fit, `cost` exceeds the
 * budget. `upperBound` is tried first, `exact` is only loaded if that does not fit.
 */
export async function truncateThread<Message>(
  reader: ThreadReader<Message>,
  budget: number,
  upperBound: TokenCost<Message>,
  exact: () => Promise<TokenCost<Message>>,
): Promise<TruncatedThread<Message>> {
  const { fixed, ofMessage } = upperBound;
  const thread = await takeFitting(reader.newestFirst(), budget - fixed, ofMessage);
  if (!thread.isAll) return dropMiddle(reader, budget, await exact());
  return { messages: thread.messages.toReversed(), cost: fixed + thread.cost };
}
