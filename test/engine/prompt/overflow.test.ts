import { describe, expect, test } from 'vitest';
import { setup, type Harness, type HarnessOptions } from '../../support/engine.ts';
import { executors } from '../../support/executors.ts';
import type { Reply } from '../../support/chat-replies.ts';
import { createAssistant, readRun } from '../../support/conversation.ts';
import type { Turn } from '../../support/upstream.ts';

/** A model turn in which the endpoint rejects the prompt. */
const rejection = (message: string, error: object = {}, status = 400): Turn => ({
  http: { status, error: { message, ...error } },
});

const openaiRejection = rejection(
  'Your input exceeds the context window of this model. Please adjust your input and try again.',
  { param: 'input', code: 'context_length_exceeded' },
);

async function createRun(harness: Harness, model: string, count = 100) {
  const { id: assistant_id } = await createAssistant(harness, { model, tools: [] });
  const messages = Array.from({ length: count }, (_, index) => ({
    role: 'user' as const,
    content: `${index}:${' word'.repeat(198)}`,
  }));
  const thread = await harness.openai.beta.threads.create({ messages });
  return harness.openai.beta.threads.runs.create(thread.id, { assistant_id });
}

/** The number of messages in each request. */
const messageCounts = ({ upstream }: Harness) =>
  upstream.requests.map(({ body }) => body.input.length);

/** A run on a hundred messages of 205 tokens each, with these model turns. */
async function runAfter(turns: readonly Turn[], options: HarnessOptions = {}) {
  const harness = await setup(options);
  harness.upstream.respondWith(...turns);
  const run = await createRun(harness, 'local-model');
  await harness.runToEnd();
  return { harness, run: await readRun(harness, run) };
}

describe('a prompt that the endpoint rejects as too long', () => {
  test('is retried with fewer messages', async () => {
    const { harness, run } = await runAfter([openaiRejection, {}]);
    expect(run).toMatchObject({ status: 'completed', last_error: null });
    const [first, second] = harness.upstream.requests.map(({ body }) => JSON.stringify(body.input));
    expect(messageCounts(harness)).toEqual([100, 49]);
    for (const input of [first, second]) {
      expect(input).toContain('"0:');
      expect(input).toContain('"99:');
    }
  });

  test('limits the first prompt of the next run', async () => {
    const { harness } = await runAfter([openaiRejection, {}, {}]);
    await createRun(harness, 'local-model');
    await harness.runToEnd();
    expect(messageCounts(harness)).toEqual([100, 49, 49]);
  });

  test('does not limit prompts for other models', async () => {
    const { harness } = await runAfter([openaiRejection, {}, {}]);
    await createRun(harness, 'another-model');
    await harness.runToEnd();
    expect(messageCounts(harness)).toEqual([100, 49, 100]);
  });

  test('is retried four times before the run fails with the error of the endpoint', async () => {
    const { harness, run } = await runAfter(Array.from({ length: 5 }, () => openaiRejection));
    expect(run).toMatchObject({
      status: 'failed',
      last_error: {
        code: 'invalid_prompt',
        message: expect.stringContaining('Your input exceeds the context window of this model.'),
      },
    });
    expect(messageCounts(harness)).toEqual([100, 49, 24, 11, 5]);
    // A window that never worked is not remembered.
    harness.upstream.respondWith({});
    await createRun(harness, 'local-model');
    await harness.runToEnd();
    expect(messageCounts(harness).at(-1)).toBe(100);
  });

  test('fails the run at once if it has only one message', async () => {
    const harness = await setup();
    harness.upstream.respondWith(openaiRejection);
    const run = await createRun(harness, 'local-model', 1);
    await harness.runToEnd();
    expect(await readRun(harness, run)).toMatchObject({
      status: 'failed',
      last_error: { code: 'invalid_prompt' },
    });
    expect(harness.upstream.requests).toHaveLength(1);
  });

  test('in the stream is retried with fewer messages', async () => {
    const failed = { code: 'invalid_prompt', message: 'The prompt exceeds the context window.' };
    const { harness, run } = await runAfter([{ failed }, {}]);
    expect(run.status).toBe('completed');
    expect(messageCounts(harness)).toEqual([100, 49]);
  });

  test('below its stated window is shortened by a fixed share', async () => {
    const rejected = rejection("This model's maximum context length is 32768 tokens.");
    const { harness, run } = await runAfter([rejected, rejected, {}]);
    expect(run.status).toBe('completed');
    expect(messageCounts(harness)).toEqual([100, 100, 49]);
  });
});

const overflowMessage = 'The prompt exceeds the context window.';

/** The number of messages in each request when the first gets this reply. */
async function messageCountsAfter(open: (typeof executors)[number]['open'], reply: Reply) {
  const harness = await open();
  harness.respondWith(reply, { text: 'Hello.' });
  const run = await createRun(harness, 'local-model');
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({ status: 'completed', last_error: null });
  return harness.sent().map((body) => JSON.stringify(body).match(/\d+: word/gu)?.length);
}

test.each(executors)('$name: a long prompt is retried with fewer messages', async ({ open }) => {
  const reply = { http: { status: 400, error: { message: overflowMessage } } };
  expect(await messageCountsAfter(open, reply)).toEqual([100, 49]);
});

test('Chat Completions: a long prompt rejected in the stream is retried', async () => {
  const reply = { failed: { code: 'invalid_prompt', message: overflowMessage } };
  expect(await messageCountsAfter(executors[1].open, reply)).toEqual([100, 49]);
});

/** Error messages of real servers with a window of 8192 tokens. */
const wordings: readonly (readonly [server: string, message: string, error?: object])[] = [
  [
    'OpenAI, Chat Completions',
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 20503 tokens. Please reduce the length of the messages.",
    { code: 'context_length_exceeded' },
  ],
  [
    'OpenAI, gpt-5',
    'Input tokens exceed the configured limit of 8192 tokens. Your messages resulted in 20503 tokens. Please reduce the length of the messages.',
  ],
  [
    'vLLM',
    "This model's maximum context length is 8,192 tokens. However, you requested 0 output tokens and your prompt contains at least 8193 input tokens.",
    { code: 400 },
  ],
  [
    'vLLM, the prompt alone',
    'The decoder prompt (length 20503) is longer than the maximum model length of 8192. Make sure that `max_model_len` is no smaller than the number of text tokens.',
  ],
  [
    'llama.cpp',
    'request (20503 tokens) exceeds the available context size (8192 tokens), try increasing it',
    { code: 400, type: 'exceed_context_size_error' },
  ],
  [
    'llama.cpp, earlier',
    'the request exceeds the available context size. try increasing the context size or enable context shift',
    { n_ctx: 8192, type: 'exceed_context_size_error' },
  ],
  [
    'LM Studio',
    'Trying to keep the first 20503 tokens when context the overflows. However, the model is loaded with context length of only 8192 tokens, which is not enough.',
  ],
  [
    'OpenRouter',
    "This endpoint's maximum context length is 8192 tokens. However, you requested about 20503 tokens (20503 of text input).",
  ],
  ['SGLang', "The input (20503 tokens) is longer than the model's context length (8192 tokens)."],
  [
    'Mistral',
    'Prompt contains 20503 tokens and 0 draft tokens, too large for model with 8192 maximum context length',
  ],
  ['xAI', "This model's maximum prompt length is 8192 but the request contains 20503 tokens."],
  ['Google', 'The input token count (20503) exceeds the maximum number of tokens allowed (8192).'],
  ['Anthropic', 'prompt is too long: 20503 tokens > 8192 maximum'],
  ['Moonshot', 'Your request exceeded model token limit: 8192 (requested: 20503)'],
  [
    'Anthropic, with the answer',
    'input length and max_tokens exceed context limit: 20503 + 4096 > 8192, decrease input length or max_tokens and try again',
  ],
  [
    'Vertex',
    'Unable to submit request because the input token count is 20503 but model only supports up to 8192.',
  ],
  ['Poolside', 'Input length 20503 exceeds the maximum allowed input length of 8192 tokens.'],
  ['behind a router', "Input length (20503) exceeds model's maximum context length (8192)."],
  ['llama-cpp-python', 'Requested tokens (20503) exceed context window of 8192'],
  [
    'with a max_seq_len',
    'Prompt too long: 20503 tokens exceeds max_seq_len 8192 (leave room for output tokens)',
  ],
];

const withStatedWindow = wordings.map(([server, message, error]) => ({ server, message, error }));

test.each(withStatedWindow)(
  '$server: the window is read from the error',
  async ({ message, error }) => {
    const { harness, run } = await runAfter([rejection(message, error), {}]);
    expect(run).toMatchObject({ status: 'completed', last_error: null });
    expect(messageCounts(harness)).toEqual([100, 29]);
  },
);

test.each([
  ['llama.cpp in its response', 'Context size has been exceeded.', 500],
  [
    'LM Studio',
    'The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length, or provide a shorter input',
    400,
  ],
  ['Ollama', 'prompt too long; exceeded max context length by 12311 tokens', 400],
  ['LiteLLM', 'litellm.ContextWindowExceededError: it is too much', 400],
  ['Groq', 'Please reduce the length of the messages or completion. context_length_exceeded', 413],
] as const)('%s: the window is estimated', async (_, message, status) => {
  const { harness, run } = await runAfter([rejection(message, {}, status), {}]);
  expect(run).toMatchObject({ status: 'completed', last_error: null });
  expect(messageCounts(harness)).toEqual([100, 49]);
});

test.each([
  ['another error in the prompt', rejection('Invalid image.', { code: 'invalid_image' })],
  [
    'a quota',
    rejection(
      'Request too large: limit 8192 tokens per minute.',
      { code: 'insufficient_quota' },
      429,
    ),
  ],
])('%s is not treated as a long prompt', async (_, turn) => {
  const { harness, run } = await runAfter([turn]);
  expect(run.status).toBe('failed');
  expect(harness.upstream.requests).toHaveLength(1);
});
