import { describe, expect, test } from 'vitest';
import { eventLoopTurn, waitUntil } from '../../support/clock.ts';
import { executors } from '../../support/executors.ts';
import type { Reply } from '../../support/chat-replies.ts';
import { createRun, readMessages, readRun, textOf } from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';

describe.each(executors)('the $name model', ({ open }) => {
  /** Runs until the run ends or waits; the first model call returns `reply`. */
  async function run(reply: Reply) {
    const harness = await open();
    harness.respondWith(reply);
    const created = await createRun(harness);
    await harness.runToEnd();
    const ended = await readRun(harness, created.run);
    const [, ...messages] = await readMessages(harness, created.thread_id);
    return { run: ended, messages };
  }

  describe('fails the run', () => {
    test.each([
      [429, 'Rate limit reached.', null, 'rate_limit_exceeded'],
      [429, 'You exceeded your current quota.', 'insufficient_quota', 'rate_limit_exceeded'],
      [500, 'The server had an error.', null, 'server_error'],
      [501, 'Not implemented.', null, 'server_error'],
      [404, 'The model `gpt-4` does not exist.', 'model_not_found', 'server_error'],
      [403, 'No access to the model.', null, 'server_error'],
      [400, 'Your prompt was flagged.', 'invalid_prompt', 'invalid_prompt'],
      [400, 'Filtered.', 'content_filter', 'invalid_prompt'],
      [400, 'Too long.', 'context_length_exceeded', 'invalid_prompt'],
      [400, "This model's maximum context length is 4096 tokens.", null, 'invalid_prompt'],
      [400, "Unsupported parameter: 'top_k'.", null, 'server_error'],
    ])('after a %i %s (code %s) with %s', async (status, message, code, expected) => {
      const { run: ended } = await run({ http: { status, error: { message, code } } });
      expect(ended).toMatchObject({ status: 'failed', last_error: { code: expected } });
      expect(ended.last_error?.message).toContain(message);
      expect(ended.last_error?.message).toContain('req_upstream');
    });

    test('after an error in the stream and keeps the text so far', async () => {
      const failed = { code: 'rate_limit_exceeded', message: 'Slow down.' };
      const { run: ended, messages } = await run({ text: 'It is cold and', failed });
      expect(ended).toMatchObject({
        status: 'failed',
        last_error: { code: 'rate_limit_exceeded' },
      });
      expect(ended.last_error?.message).toContain('Slow down.');
      expect(messages).toMatchObject([{ incomplete_details: { reason: 'run_failed' } }]);
    });

    test.each(['error', 'end'] as const)(
      'after a broken connection (%s) and keeps the text so far',
      async (how) => {
        const broken = { how, before: 'end' } as const;
        const { run: ended, messages } = await run({ text: 'It is cold and', broken });
        expect(ended).toMatchObject({ status: 'failed', last_error: { code: 'server_error' } });
        expect(messages.map(textOf)).toEqual(['It is cold and']);
      },
    );

    test('without the API key in errors and logs', async () => {
      const harness = await open({ key: 'sk-wrong-abcdefghijklmnopqrstuvwxyz' });
      const { run: created } = await createRun(harness);
      await harness.runToEnd();
      const { status, last_error } = await readRun(harness, created);
      expect(status).toBe('failed');
      expect(last_error?.message).toContain('Incorrect API key provided');
      const output = JSON.stringify(last_error) + harness.logLines.join('');
      expect(output).not.toContain('abcdefghijklmnopqrstuvwxyz');
    });
  });

  describe('retries a call', () => {
    const retryLater = { 'retry-after': '90' };
    const error = { message: 'Not now.', code: null };

    test.each([
      ['with status 503', { http: { status: 503, error, headers: retryLater } }],
      ['with status 429', { http: { status: 429, error, headers: retryLater } }],
      [
        'whose connection broke before the first event',
        { text: 'x', broken: { how: 'error', before: 'all' } },
      ],
      [
        'whose stream ended before the first event',
        { text: 'x', broken: { how: 'end', before: 'all' } },
      ],
      [
        'with an error before the first event',
        { failed: { code: 'server_error', message: 'Oh.' } },
      ],
    ] satisfies [string, Reply][])('%s', async (_, reply) => {
      const harness = await open();
      harness.respondWith(reply, { text: 'Snow.' });
      const { run: created, thread_id } = await createRun(harness);
      await harness.engine.tick();
      for (let seconds = 0; seconds < 100; seconds += 1) await harness.clock.advance(1000);
      await harness.engine.idle();
      expect((await readRun(harness, created)).status).toBe('completed');
      expect((await readMessages(harness, thread_id)).map(textOf)).toContain('Snow.');
      expect(harness.sent()).toHaveLength(2);
    });
  });

  test('keeps the text so far when the run is cancelled in the middle of the answer', async () => {
    const harness = await open();
    const gate = createGate();
    harness.respondWith({ text: 'It is cold and', gate });
    const { run: created, thread_id } = await createRun(harness);
    await harness.engine.tick();
    await gate.reached;
    await eventLoopTurn();
    await harness.openai.beta.threads.runs.cancel(created.id, { thread_id });
    await waitUntil(async () => (await readRun(harness, created)).status === 'cancelled');
    const [, message] = await readMessages(harness, thread_id);
    expect(message).toMatchObject({ incomplete_details: { reason: 'run_cancelled' } });
    expect(message && textOf(message)).toBe('It is cold and');
  });
});
