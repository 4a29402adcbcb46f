/*
 * How a thread becomes as much of it as a budget of tokens holds (contract §5.8). It is read from
 * its ends and no further than the budget reaches, so that a long thread costs no more than a short
 * one. What is measured in bytes cannot take more tokens: tokens are counted only where that is not
 * proof enough.
 */

/** A thread as it can be read; each call begins at that end anew. */
export interface ThreadReader<Message> {
  newestFirst(): AsyncIterable<Message>;
  /** Null: the beginning is not to be shown when not all can be. */
  readonly oldestFirst: (() => AsyncIterable<Message>) | null;
}

/** What things cost. */
export interface TokenCost<Message> {
  /** What is sent in any case. */
  readonly fixed: number;
  /** More than 0. */
  readonly of: (message: Message) => number;
}

export interface Fitted<Message> {
  /** Oldest first. */
  readonly messages: Message[];
  /** At least what is sent will cost, `fixed` included. */
  readonly cost: number;
}

/** How much of the budget the beginning of a thread may have when the middle is dropped. */
const headShare = 1 / 4;

interface Taken<Message> {
  readonly messages: Message[];
  readonly cost: number;
  readonly isAll: boolean;
}

/** Takes messages one after the other for as long as there is room. */
async function take<Message>(
  messages: AsyncIterable<Message> | Iterable<Message>,
  room: number,
  of: TokenCost<Message>['of'],
): Promise<Taken<Message>> {
  const taken: Message[] = [];
  let cost = 0;
  for await (const message of messages) {
    const more = of(message);
    if (cost + more > room) return { messages: taken, cost, isAll: false };
    taken.push(message);
    cost += more;
  }
  return { messages: taken, cost, isAll: room >= 0 };
}

async function first<Message>(messages: AsyncIterable<Message>): Promise<Message[]> {
  for await (const message of messages) return [message];
  return [];
}

/** The newest message whatever it takes, then the oldest up to their share, then the newest. */
async function dropMiddle<Message>(
  ends: ThreadReader<Message>,
  budget: number,
  { fixed, of }: TokenCost<Message>,
): Promise<Fitted<Message>> {
  const room = budget - fixed;
  const recent = await take(ends.newestFirst(), room, of);
  if (recent.isAll) return { messages: recent.messages.toReversed(), cost: fixed + recent.cost };
  const newest = recent.messages[0];
  if (newest === undefined) {
    const messages = await first(ends.newestFirst());
    return { messages, cost: messages.reduce((sum, message) => sum + of(message), fixed) };
  }
  const early = Math.min(room * headShare, room - of(newest));
  const head = await take(ends.oldestFirst?.() ?? [], early, of);
  const tail = await take(recent.messages, room - head.cost, of);
  const messages = [...head.messages, ...tail.messages.toReversed()];
  return { messages, cost: fixed + head.cost + tail.cost };
}

/**
 * Fits a thread into a budget: all of it where it fits; otherwise its end and a little of its
 * beginning. The newest message is always there, even where it does not fit: then `cost` is more than
 * the budget.
 */
export async function truncateThread<Message>(
  ends: ThreadReader<Message>,
  budget: number,
  atMost: TokenCost<Message>,
  exactly: () => Promise<TokenCost<Message>>,
): Promise<Fitted<Message>> {
  const whole = await take(ends.newestFirst(), budget - atMost.fixed, atMost.of);
  if (!whole.isAll) return dropMiddle(ends, budget, await exactly());
  return { messages: whole.messages.toReversed(), cost: atMost.fixed + whole.cost };
}
