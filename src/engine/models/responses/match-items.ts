import type OpenAI from 'openai';

type Item = OpenAI.Responses.ResponseOutputItem;

/** An item that has been emitted, as its stream events described it. */
export interface EmittedItem {
  readonly type: Item['type'];
  readonly index: number;
  readonly id: string | undefined;
}

type Matcher = (emitted: EmittedItem, item: Item, index: number) => boolean;

/** The most reliable first: some servers change ids or indexes in the final response. */
const matchers: readonly Matcher[] = [
  ({ id }, item) => id !== undefined && id === item.id,
  (emitted, _, index) => emitted.index === index,
  () => true,
];

/**
 * Maps items of the final response to emitted ones (contract §8.8). Servers omit items, such as
 * reasoning, from either, so matching by index alone would emit items twice.
 */
export function matchEmitted<T extends EmittedItem>(
  items: readonly Item[],
  emitted: readonly T[],
): ReadonlyMap<Item, T> {
  const matches = new Map<Item, T>();
  const unmatched = new Set(emitted);
  for (const isMatch of matchers) {
    for (const [index, item] of items.entries()) {
      const match = [...unmatched].find(
        (candidate) => candidate.type === item.type && isMatch(candidate, item, index),
      );
      if (match === undefined || matches.has(item)) continue;
      matches.set(item, match);
      unmatched.delete(match);
    }
  }
  return matches;
}
