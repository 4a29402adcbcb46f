import type OpenAI from 'openai';

type Item = OpenAI.Responses.ResponseOutputItem;

/** Something of an answer that has been passed on, as its events said what and where it was. */
export interface EmittedItem {
  readonly type: Item['type'];
  readonly index: number;
  readonly id: string | undefined;
}

type Fit = (told: EmittedItem, item: Item, index: number) => boolean;

/** What shows that an item was told, the surest first: some servers name or count items anew. */
const matchers: readonly Fit[] = [
  ({ id }, item) => id !== undefined && id === item.id,
  (told, _, index) => told.index === index,
  () => true,
];

/**
 * Finds the items of the final response in what was told of it (contract §8.8): servers leave out of
 * one what they show in the other, such as reasoning, so that places alone would tell things twice.
 */
export function matchEmitted<T extends EmittedItem>(
  items: readonly Item[],
  told: readonly T[],
): ReadonlyMap<Item, T> {
  const found = new Map<Item, T>();
  const left = new Set(told);
  for (const fit of matchers) {
    for (const [index, item] of items.entries()) {
      const same = [...left].find((it) => it.type === item.type && fit(it, item, index));
      if (same === undefined || found.has(item)) continue;
      found.set(item, same);
      left.delete(same);
    }
  }
  return found;
}
