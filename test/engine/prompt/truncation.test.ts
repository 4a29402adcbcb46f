import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ThreadReader,
  truncateThread,
  type TokenCost,
} from '../../../src/engine/prompt/truncation.ts';

interface Message {
  readonly id: number;
  readonly tokens: number;
}

/** A thread of messages that cost so much, and what was read of it. */
function thread(costs: readonly number[], hasBeginning = true) {
  const messages = costs.map((tokens, id): Message => ({ id, tokens }));
  const read = { newest: 0, oldest: 0 };
  const ends: ThreadReader<Message> = {
    async *newestFirst() {
      for (const message of messages.toReversed()) {
        read.newest += 1;
        yield message;
      }
    },
    oldestFirst: hasBeginning
      ? async function* oldestFirst() {
          for (const message of messages) {
            read.oldest += 1;
            yield message;
          }
        }
      : null,
  };
  return { ends, messages, read };
}

const scale = (fixed: number, bytes = 1): TokenCost<Message> => ({
  fixed: fixed * bytes,
  of: ({ tokens }) => tokens * bytes,
});

const inTokens = (fixed: number) => () => Promise.resolve(scale(fixed));

/** A thread fitted into a budget, its bytes three times its tokens. */
const fitted = (ends: ThreadReader<Message>, budget: number, fixed: number) =>
  truncateThread(ends, budget, scale(fixed, 3), inTokens(fixed));

const costs = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 60 });
const budgets = fc.integer({ min: 0, max: 1500 });
const fixes = fc.integer({ min: 0, max: 100 });
const total = (messages: readonly Message[]) =>
  messages.reduce((sum, { tokens }) => sum + tokens, 0);

/** Checks a property of threads, budgets and what is sent in any case. */
const always = (
  check: (given: {
    readonly made: ReturnType<typeof thread>;
    readonly budget: number;
    readonly fixed: number;
    readonly shown: readonly Message[];
    readonly cost: number;
  }) => void,
) =>
  fc.assert(
    fc.asyncProperty(costs, budgets, fixes, fc.boolean(), async (list, budget, fixed, begins) => {
      const made = thread(list, begins);
      const { messages: shown, cost } = await fitted(made.ends, budget, fixed);
      check({ made, budget, fixed, shown, cost });
    }),
    { numRuns: 500 },
  );

describe('a thread that is fitted', () => {
  test('is within its budget, or is its newest message alone', () =>
    always(({ budget, fixed, shown, cost }) => {
      const tokens = total(shown) + fixed;
      expect(cost).toBeGreaterThanOrEqual(tokens);
      expect(cost <= budget).toBe(tokens <= budget);
      expect(tokens <= budget || shown.length <= 1).toBe(true);
    }));

  test('is whole when it fits, and only then', () =>
    always(({ made: { messages }, budget, fixed, shown }) => {
      const isWhole = shown.length === messages.length;
      const fits = total(messages) + fixed <= budget;
      expect(isWhole).toBe(fits || messages.length < 2);
    }));

  test('has its newest message', () =>
    always(({ made: { messages }, shown }) => {
      expect(shown.at(-1)).toBe(messages.at(-1));
    }));

  test('is a beginning and an end, in order and nothing twice', () =>
    always(({ made: { ends }, shown }) => {
      const ids = shown.map(({ id }) => id);
      expect(ids).toEqual([...new Set(ids)].toSorted((one, other) => one - other));
      const gaps = ids.filter((id, index) => index > 0 && id !== (ids[index - 1] ?? 0) + 1);
      expect(gaps.length).toBeLessThanOrEqual(1);
      const mayHaveGap = ids[0] === 0 && ends.oldestFirst !== null;
      expect(gaps.length === 0 || mayHaveGap).toBe(true);
    }));

  test('leaves no room in which its next message would have fit', () =>
    always(({ made: { messages }, budget, fixed, shown }) => {
      const first = shown.findIndex(({ id }, index) => id !== index);
      const next = messages[(shown[first]?.id ?? 0) - 1];
      if (first === -1 || next === undefined) return;
      expect(total(shown) + next.tokens + fixed).toBeGreaterThan(budget);
    }));

  test('is the same every time', () =>
    fc.assert(
      fc.asyncProperty(costs, budgets, fixes, async (list, budget, fixed) => {
        const [one, other] = [thread(list), thread(list)];
        const ids = async ({ ends }: typeof one) =>
          (await fitted(ends, budget, fixed)).messages.map(({ id }) => id);
        expect(await ids(one)).toEqual(await ids(other));
      }),
    ));
});

const never = () => Promise.reject(new Error('counted'));

test('nothing is counted that surely fits', async () => {
  const { ends } = thread([10, 10, 10]);
  const { messages, cost } = await truncateThread(ends, 100, scale(3, 3), never);
  expect([messages.length, cost]).toEqual([3, 99]);
  await expect(truncateThread(ends, 98, scale(3, 3), never)).rejects.toThrow('counted');
});

test('a long thread is read no further than the budget reaches', async () => {
  const { ends, read } = thread(Array.from({ length: 10_000 }, () => 10));
  const { messages } = await fitted(ends, 1000, 0);
  expect(messages).toHaveLength(100);
  // Once by bytes and once by tokens.
  expect(read).toEqual({ newest: 34 + 101, oldest: 26 });
});
