import type OpenAI from 'openai';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadTokenizer } from '../../../src/engine/prompt/token-count.ts';
import { setup, type Harness } from '../../support/engine.ts';
import { createAssistant, readRun, submitOutputs } from '../../support/conversation.ts';
import { functionCall, reasoningItem } from '../../support/upstream-items.ts';

type RunParams = Partial<OpenAI.Beta.Threads.RunCreateParamsNonStreaming>;
type AssistantParams = Partial<OpenAI.Beta.AssistantCreateParams>;
type Content = OpenAI.Beta.Threads.MessageCreateParams['content'];

/** So many tokens, or one more: its number and a word again and again. */
const message = (index: number, tokens = 200) => `${index}:${' word'.repeat(tokens - 2)}`;

const tools = [{ type: 'function' as const, function: { name: 'f' } }];

/** Of gpt-4's 8192 tokens, those that are not kept for the answer. */
const room = 6144;

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

/** The numbers of the messages in a request, as they stand there. */
const shown = (harness: Harness, request?: number) =>
  harness.upstream.sent(request).input.flatMap((item) => {
    const found = /"(?<number>\d+):/u.exec(JSON.stringify(item));
    return found === null ? [] : [Number(found.groups?.['number'])];
  });

/** What was shown, as stretches of neighbours. */
function stretches(numbers: readonly number[]): string {
  const starts = numbers.filter((number) => !numbers.includes(number - 1));
  const ends = numbers.filter((number) => !numbers.includes(number + 1));
  return starts.map((start, index) => `${start}–${ends[index]}`).join(' ');
}

const numbered = (count: number, tokens?: number) =>
  Array.from({ length: count }, (_, index) => message(index, tokens));

const last = (last_messages: number) => ({ type: 'last_messages' as const, last_messages });

const search = (max_num_results: number) => ({
  type: 'file_search' as const,
  file_search: { max_num_results },
});

const text = (index: number) => ({ type: 'text' as const, text: `${index}:` });

const image = (detail: 'high' | 'low') => ({
  type: 'image_url' as const,
  image_url: { url: 'https://example.com/cat.png', detail },
});

/** What a run is shown of a thread of so many messages of 200 tokens. */
async function shownOf(count: number, params: RunParams = {}, assistant: AssistantParams = {}) {
  const harness = await setup();
  harness.upstream.respondWith({});
  const run = await createRun(harness, numbered(count), params, assistant);
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({ status: 'completed', last_error: null });
  const numbers = shown(harness);
  expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
  return stretches(numbers);
}

describe('a thread', () => {
  test('that fits is shown whole, however near it comes', async () => {
    expect(await shownOf(29)).toBe('0–28');
  });

  test('that does not fit is shown without its middle', async () => {
    expect(await shownOf(100)).toBe('0–6 78–99');
  });

  test('is shown whole to a model with a larger window', async () => {
    expect(await shownOf(100, { model: 'gpt-4.1-mini' })).toBe('0–99');
  });

  test('leaves as much room for the answer as the run allows it', async () => {
    expect(await shownOf(100, { max_completion_tokens: 192 })).toBe('0–8 71–99');
    expect(await shownOf(100, { max_completion_tokens: 4000 })).toBe('0–4 85–99');
  });

  test('leaves room for tools, instructions and the format', async () => {
    const long = ' word'.repeat(1900);
    const tool = { type: 'function', function: { name: 'long', description: long } } as const;
    expect(await shownOf(100, {}, { tools: [tool] })).toBe('0–4 85–99');
    expect(await shownOf(100, { instructions: long })).toBe('0–4 85–99');
    const json_schema = { name: 'a', schema: { type: 'object', description: long } };
    const response_format = { type: 'json_schema', json_schema } as const;
    expect(await shownOf(100, { response_format })).toBe('0–4 85–99');
  });

  test('leaves room for what searches find', async () => {
    expect(await shownOf(100, {}, { tools: [search(1)] })).toBe('0–5 81–99');
    expect(await shownOf(100, {}, { tools: [search(20)] })).toBe('0–3 85–99');
  });

  test('of which only the newest are wanted has no beginning', async () => {
    expect(await shownOf(100, { truncation_strategy: last(3) })).toBe('97–99');
    expect(await shownOf(100, { truncation_strategy: last(27) })).toBe('73–99');
    expect(await shownOf(100, { truncation_strategy: last(80) })).toBe('71–99');
    expect(await shownOf(5, { truncation_strategy: last(80) })).toBe('0–4');
  });

  test('may have many images in few tokens or few in many', async () => {
    const harness = await setup();
    harness.upstream.respondWith({});
    const contents = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => [
      text(index),
      image(index < 3 ? 'low' : 'high'),
    ]);
    await createRun(harness, contents);
    await harness.runToEnd();
    expect(stretches(shown(harness))).toBe('0–2 5–7');
  });

  test('is shown from its newest message on, even when that alone is too long', async () => {
    const harness = await setup();
    harness.upstream.respondWith({});
    await createRun(harness, [message(0), message(1), message(2, 7000)]);
    await harness.runToEnd();
    expect(shown(harness)).toEqual([2]);
  });
});

test('whatever is in a thread, what is sent of it fits and has its newest message', async () => {
  const count = await loadTokenizer();
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
      const numbers = shown(harness);
      const sent = numbers.map((number) => texts[number] ?? '');
      const tokens = sent.reduce((sum, said) => sum + count(said), count('Be brief.'));
      expect(tokens <= room || sent.length === 1).toBe(true);
      expect(numbers.at(-1)).toBe(texts.length - 1);
      expect(numbers).toEqual([...new Set(numbers)].toSorted((one, other) => one - other));
      expect(JSON.stringify(harness.upstream.sent().input)).toContain(JSON.stringify(sent.at(-1)));
    }),
    { numRuns: 40 },
  );
});

describe('max_prompt_tokens', () => {
  test('is what the first call may take', async () => {
    expect(await shownOf(100, { max_prompt_tokens: 2100 })).toBe('0–1 92–99');
  });

  test('leaves to the next call what the ones before it have not taken', async () => {
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
    expect(stretches(shown(harness))).toBe('0–1 13–19');
    await submitOutputs(harness, await readRun(harness, run), 'done');
    await harness.runToEnd();
    expect(await readRun(harness, run)).toMatchObject({ status: 'completed' });
    expect(stretches(shown(harness))).toBe('18–19');
    const types = harness.upstream.sent().input.map((item) => item.type ?? 'message');
    expect(types.slice(-3)).toEqual(['reasoning', 'function_call', 'function_call_output']);
  });

  test('that do not hold the newest message end the run before any call', async () => {
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

  test('that do not hold what a function answered end the run before the next call', async () => {
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

test('the calls of the run itself stay, whatever they take', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [functionCall('f', {})] }, {});
  const run = await createRun(harness, numbered(100), {}, { tools });
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, run), ' word'.repeat(room));
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({ status: 'completed' });
  expect(shown(harness)).toEqual([99]);
  expect(harness.upstream.sent().input.map((item) => item.type ?? 'message')).toEqual([
    'message',
    'function_call',
    'function_call_output',
  ]);
});
