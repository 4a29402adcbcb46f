import type OpenAI from 'openai';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countTokens } from '../../../src/engine/prompt/tokenizer.ts';
import { setup, type Harness } from '../../support/engine.ts';
import { createAssistant, readRun, submitOutputs } from '../../support/conversation.ts';
import { functionCall, reasoningItem } from '../../support/upstream-items.ts';

type RunParams = Partial<OpenAI.Beta.Threads.RunCreateParamsNonStreaming>;
type AssistantParams = Partial<OpenAI.Beta.AssistantCreateParams>;
type Content = OpenAI.Beta.Threads.MessageCreateParams['content'];

/** A text of this many tokens, or one more: its number and a repeated word. */
const message = (index: number, tokens = 200) => `${index}:${' word'.repeat(tokens - 2)}`;

const tools = [{ type: 'function' as const, function: { name: 'f' } }];

/** The tokens of gpt-4's window, 8192, that are not reserved for the response. */
const promptTokens = 6144;

async function createRun(
  harness: Harness,
  contents: readonly Content[],
  params: RunParams = {},
  assistant: AssistantParams = {},
) {
  const { id: assistant_id } = await createAssistant(harness, {
    model: 'gpt-4',
    tools: [],
    ...assistant,
  });
  const messages = contents.map((content) => ({ role: 'user' as const, content }));
  const thread = await harness.openai.beta.threads.create({ messages });
  return harness.openai.beta.threads.runs.create(thread.id, { assistant_id, ...params });
}

/** The numbers of the messages in a request, in order. */
const sentNumbers = (harness: Harness, request?: number) =>
  harness.upstream.sent(request).input.flatMap((item) => {
    const match = /"(?<number>\d+):/u.exec(JSON.stringify(item));
    return match === null ? [] : [Number(match.groups?.['number'])];
  });

/** Formats numbers as ranges. */
function toRanges(numbers: readonly number[]): string {
  const firsts = numbers.filter((number) => !numbers.includes(number - 1));
  const lasts = numbers.filter((number) => !numbers.includes(number + 1));
  return firsts.map((start, index) => `${start}–${lasts[index]}`).join(' ');
}

const numbered = (count: number, tokens?: number) =>
  Array.from({ length: count }, (_, index) => message(index, tokens));

const lastMessages = (last_messages: number) => ({ type: 'last_messages' as const, last_messages });

const search = (max_num_results: number) => ({
  type: 'file_search' as const,
  file_search: { max_num_results },
});

const text = (index: number) => ({ type: 'text' as const, text: `${index}:` });

const image = (detail: 'high' | 'low') => ({
  type: 'image_url' as const,
  image_url: { url: 'https://example.com/cat.png', detail },
});

/** The messages sent for a thread of `count` messages with 200 tokens each. */
async function sentRanges(count: number, params: RunParams = {}, assistant: AssistantParams = {}) {
  const harness = await setup();
  harness.upstream.respondWith({});
  const run = await createRun(harness, numbered(count), params, assistant);
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({ status: 'completed', last_error: null });
  const numbers = sentNumbers(harness);
  expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
  return toRanges(numbers);
}

describe('a thread', () => {
  test('that just fits is sent completely', async () => {
    expect(await sentRanges(29)).toBe('0–28');
  });

  test('that does not fit is sent without its middle', async () => {
    expect(await sentRanges(100)).toBe('0–6 78–99');
  });

  test('is sent completely to a model with a larger window', async () => {
    expect(await sentRanges(100, { model: 'gpt-4.1-mini' })).toBe('0–99');
  });

  test('leaves the tokens of max_completion_tokens for the response', async () => {
    expect(await sentRanges(100, { max_completion_tokens: 192 })).toBe('0–8 71–99');
    expect(await sentRanges(100, { max_completion_tokens: 4000 })).toBe('0–4 85–99');
  });

  test('leaves room for tools, instructions and the response format', async () => {
    const long = ' word'.repeat(1900);
    const tool = { type: 'function', function: { name: 'long', description: long } } as const;
    expect(await sentRanges(100, {}, { tools: [tool] })).toBe('0–4 85–99');
    expect(await sentRanges(100, { instructions: long })).toBe('0–4 85–99');
    const json_schema = { name: 'a', schema: { type: 'object', description: long } };
    const response_format = { type: 'json_schema', json_schema } as const;
    expect(await sentRanges(100, { response_format })).toBe('0–4 85–99');
  });

  test('leaves room for the results of file searches', async () => {
    expect(await sentRanges(100, {}, { tools: [search(1)] })).toBe('0–5 81–99');
    expect(await sentRanges(100, {}, { tools: [search(20)] })).toBe('0–3 85–99');
  });

  test('with the strategy last_messages is sent without its beginning', async () => {
    expect(await sentRanges(100, { truncation_strategy: lastMessages(3) })).toBe('97–99');
    expect(await sentRanges(100, { truncation_strategy: lastMessages(27) })).toBe('73–99');
    expect(await sentRanges(100, { truncation_strategy: lastMessages(80) })).toBe('71–99');
    expect(await sentRanges(5, { truncation_strategy: lastMessages(80) })).toBe('0–4');
  });

  test('is truncated by the detail of its images', async () => {
    const harness = await setup();
    harness.upstream.respondWith({});
    const contents = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => [
      text(index),
      image(index < 3 ? 'low' : 'high'),
    ]);
    await createRun(harness, contents);
    await harness.runToEnd();
    expect(toRanges(sentNumbers(harness))).toBe('0–2 5–7');
  });

  test('is sent with its newest message even if that alone is too long', async () => {
    const harness = await setup();
    harness.upstream.respondWith({});
    await createRun(harness, [message(0), message(1), message(2, 7000)]);
    await harness.runToEnd();
    expect(sentNumbers(harness)).toEqual([2]);
  });
});

test('every thread is truncated to the window and sent with its newest message', async () => {
  const word = fc.constantFrom(
    ' word',
    '我们今天',
    '👨‍👩‍👧‍👦',
    'aaaaaaaaaaaa',
    '{"a":[1,2]}',
    'é\u0301\n',
  );
  const content = fc.tuple(word, fc.integer({ min: 1, max: 700 }));
  const threads = fc.array(content, { minLength: 1, maxLength: 25 });
  const harness = await setup({ defaultTurn: () => ({}) });
  await fc.assert(
    fc.asyncProperty(threads, async (contents) => {
      const texts = contents.map(([piece, times], index) => `${index}:${piece.repeat(times)}`);
      await createRun(harness, texts);
      await harness.runToEnd();
      const numbers = sentNumbers(harness);
      const sent = numbers.map((number) => texts[number] ?? '');
      const tokens = await countTokens(['Be brief.', ...sent].join('\n'));
      expect(tokens <= promptTokens || sent.length === 1).toBe(true);
      expect(numbers.at(-1)).toBe(texts.length - 1);
      expect(numbers).toEqual([...new Set(numbers)].toSorted((one, other) => one - other));
      expect(JSON.stringify(harness.upstream.sent().input)).toContain(JSON.stringify(sent.at(-1)));
    }),
    { numRuns: 40 },
  );
});

describe('max_prompt_tokens', () => {
  test('limits the prompt of the first call', async () => {
    expect(await sentRanges(100, { max_prompt_tokens: 2100 })).toBe('0–1 92–99');
  });

  test('limits the next call to what earlier calls did not use', async () => {
    const harness = await setup();
    harness.upstream.respondWith(
      {
        output: [reasoningItem('x'.repeat(9000)), functionCall('f', {})],
        usage: [1200, 30, 0, 20],
      },
      { usage: [600, 5] },
    );
    const run = await createRun(harness, numbered(20), { max_prompt_tokens: 2000 }, { tools });
    await harness.runToEnd();
    expect(toRanges(sentNumbers(harness))).toBe('0–1 13–19');
    await submitOutputs(harness, await readRun(harness, run), 'done');
    await harness.runToEnd();
    expect(await readRun(harness, run)).toMatchObject({ status: 'completed' });
    expect(toRanges(sentNumbers(harness))).toBe('18–19');
    const types = harness.upstream.sent().input.map((item) => item.type ?? 'message');
    expect(types.slice(-3)).toEqual(['reasoning', 'function_call', 'function_call_output']);
  });

  test('below the newest message ends the run before any call', async () => {
    const harness = await setup();
    const run = await createRun(harness, numbered(3), { max_prompt_tokens: 150 });
    await harness.runToEnd();
    expect(await readRun(harness, run)).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_prompt_tokens' },
      usage: { total_tokens: 0 },
    });
    expect(harness.upstream.requests).toHaveLength(0);
  });

  test('below the function outputs ends the run before the next call', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [functionCall('f', {})], usage: [300, 10] });
    const run = await createRun(harness, numbered(1), { max_prompt_tokens: 1000 }, { tools });
    await harness.runToEnd();
    await submitOutputs(harness, await readRun(harness, run), ' word'.repeat(800));
    await harness.runToEnd();
    expect(await readRun(harness, run)).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_prompt_tokens' },
      usage: { prompt_tokens: 300 },
    });
    expect(harness.upstream.requests).toHaveLength(1);
  });
});

test('the calls of the run itself are always sent', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [functionCall('f', {})] }, {});
  const run = await createRun(harness, numbered(100), {}, { tools });
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, run), ' word'.repeat(promptTokens));
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({ status: 'completed' });
  expect(sentNumbers(harness)).toEqual([99]);
  expect(harness.upstream.sent().input.map((item) => item.type ?? 'message')).toEqual([
    'message',
    'function_call',
    'function_call_output',
  ]);
});
