import { describe, expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { executors } from '../../support/executors.ts';
import type { Reply } from '../../support/chat-replies.ts';
import { readRun } from '../../support/conversation.ts';
import { createLongRun, messageCounts, rejection, runAfter } from '../../support/long-threads.ts';

const openaiRejection = rejection(
  'Your input exceeds the context window of this model. Please adjust your input and try again.',
  { param: 'input', code: 'context_length_exceeded' },
);

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
    await createLongRun(harness, 'local-model');
    await harness.runToEnd();
    expect(messageCounts(harness)).toEqual([100, 49, 49]);
  });

  test('does not limit prompts for other models', async () => {
    const { harness } = await runAfter([openaiRejection, {}, {}]);
    await createLongRun(harness, 'another-model');
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
    await createLongRun(harness, 'local-model');
    await harness.runToEnd();
    expect(messageCounts(harness).at(-1)).toBe(100);
  });

  test('fails the run at once if it has only one message', async () => {
    const harness = await setup();
    harness.upstream.respondWith(openaiRejection);
    const run = await createLongRun(harness, 'local-model', 1);
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
  const run = await createLongRun(harness, 'local-model');
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
