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

/** A thread of messages with these costs, and how many of them were read from either end. */
function createThread(costs: readonly number[], keepsBeginning = true) {
  const messages = costs.map((tokens, id): Message => ({ id, tokens }));
  const read = { newest: 0, oldest: 0 };
  const reader: ThreadReader<Message> = {
    async *newestFirst() {
      for (const message of messages.toReversed()) {
        read.newest += 1;
        yield message;
      }
    },
    oldestFirst: keepsBeginning
      ? async function* oldestFirst() {
          for (const message of messages) {
            read.oldest += 1;
            yield message;
          }
        }
      : null,
  };
  return { reader, messages, read };
}

const tokenCost = (fixed: number, bytesPerToken = 1): TokenCost<Message> => ({
  fixed: fixed * bytesPerToken,
  ofMessage: ({ tokens }) => tokens * bytesPerToken,
});

/** Truncates a thread that has three bytes per token. */
const truncate = (reader: ThreadReader<Message>, budget: number, fixed: number) =>
  truncateThread(reader, budget, tokenCost(fixed, 3), () => Promise.resolve(tokenCost(fixed)));

const costLists = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 60 });
const budgets = fc.integer({ min: 0, max: 1500 });
const fixedCosts = fc.integer({ min: 0, max: 100 });
const totalTokens = (messages: readonly Message[]) =>
  messages.reduce((sum, { tokens }) => sum + tokens, 0);

/** Checks a property for random threads, budgets and fixed costs. */
const checkProperty = (
  check: (sample: {
    readonly thread: ReturnType<typeof createThread>;
    readonly budget: number;
    readonly fixed: number;
    readonly included: readonly Message[];
    readonly cost: number;
  }) => void,
) =>
  fc.assert(
    fc.asyncProperty(
      costLists,
      budgets,
      fixedCosts,
      fc.boolean(),
      async (costs, budget, fixed, keepsBeginning) => {
        const thread = createThread(costs, keepsBeginning);
        const { messages: included, cost } = await truncate(thread.reader, budget, fixed);
        check({ thread, budget, fixed, included, cost });
      },
    ),
    { numRuns: 500 },
  );

describe('a truncated thread', () => {
  test('is within its budget, or consists of its newest message alone', () =>
    checkProperty(({ budget, fixed, included, cost }) => {
      const tokens = totalTokens(included) + fixed;
      expect(cost).toBeGreaterThanOrEqual(tokens);
      expect(cost <= budget).toBe(tokens <= budget);
      expect(tokens <= budget || included.length <= 1).toBe(true);
    }));

  test('has all messages exactly when they fit', () =>
    checkProperty(({ thread: { messages }, budget, fixed, included }) => {
      const hasAll = included.length === messages.length;
      const fits = totalTokens(messages) + fixed <= budget;
      expect(hasAll).toBe(fits || messages.length < 2);
    }));

  test('has the newest message', () =>
    checkProperty(({ thread: { messages }, included }) => {
      expect(included.at(-1)).toBe(messages.at(-1));
    }));

  test('has at most one gap, in order and without duplicates', () =>
    checkProperty(({ thread: { reader }, included }) => {
      const ids = included.map(({ id }) => id);
      expect(ids).toEqual([...new Set(ids)].toSorted((one, other) => one - other));
      const gaps = ids.filter((id, index) => index > 0 && id !== (ids[index - 1] ?? 0) + 1);
      expect(gaps.length).toBeLessThanOrEqual(1);
      const mayHaveGap = ids[0] === 0 && reader.oldestFirst !== null;
      expect(gaps.length === 0 || mayHaveGap).toBe(true);
    }));

  test('omits no message that would still have fit before its end', () =>
    checkProperty(({ thread: { messages }, budget, fixed, included }) => {
      const first = included.findIndex(({ id }, index) => id !== index);
      const omitted = messages[(included[first]?.id ?? 0) - 1];
      if (first === -1 || omitted === undefined) return;
      expect(totalTokens(included) + omitted.tokens + fixed).toBeGreaterThan(budget);
    }));

  test('is the same for equal threads', () =>
    fc.assert(
      fc.asyncProperty(costLists, budgets, fixedCosts, async (costs, budget, fixed) => {
        const [one, other] = [createThread(costs), createThread(costs)];
        const includedIds = async ({ reader }: typeof one) =>
          (await truncate(reader, budget, fixed)).messages.map(({ id }) => id);
        expect(await includedIds(one)).toEqual(await includedIds(other));
      }),
    ));
});

const rejectCounting = () => Promise.reject(new Error('counted'));

test('tokens are counted only for a thread with more bytes than the budget has tokens', async () => {
  const { reader } = createThread([10, 10, 10]);
  const { messages, cost } = await truncateThread(reader, 100, tokenCost(3, 3), rejectCounting);
  expect([messages.length, cost]).toEqual([3, 99]);
  await expect(truncateThread(reader, 98, tokenCost(3, 3), rejectCounting)).rejects.toThrow(
    'counted',
  );
});

test('a long thread is read no further than the budget reaches', async () => {
  const { reader, read } = createThread(Array.from({ length: 10_000 }, () => 10));
  const { messages } = await truncate(reader, 1000, 0);
  expect(messages).toHaveLength(100);
  // Once by bytes and once by tokens.
  expect(read).toEqual({ newest: 34 + 101, oldest: 26 });
});
