import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../support/clock.ts';
import { executors } from '../../support/executors.ts';
import { toolCall, type Reply } from '../../support/chat-replies.ts';
import {
  callIds,
  createAssistant,
  createRun,
  readMessages,
  readRun,
  readSteps,
  submitOutputs,
  textOf,
} from '../../support/conversation.ts';

describe.each(executors)('the $name model', ({ open }) => {
  type RunParams = Partial<OpenAI.Beta.Threads.RunCreateParamsNonStreaming>;

  /** Runs until the run ends or waits; the first model call returns `reply`. */
  async function run(reply: Reply, params: RunParams = {}) {
    const harness = await open();
    harness.respondWith(reply);
    const created = await createRun(harness, params);
    await harness.runToEnd();
    const ended = await readRun(harness, created.run);
    const [, ...messages] = await readMessages(harness, created.thread_id);
    return { harness, run: ended, messages, steps: await readSteps(harness, ended) };
  }

  describe('turns the answer', () => {
    test('into a message and a step', async () => {
      const { run: ended, messages, steps } = await run({ text: 'Snow, -3 °C. ❄️' });
      expect(ended.status).toBe('completed');
      expect(messages.map(textOf)).toEqual(['Snow, -3 °C. ❄️']);
      expect(steps).toMatchObject([{ type: 'message_creation', status: 'completed' }]);
    });

    test('into text deltas that add up to the message', async () => {
      const harness = await open();
      harness.respondWith({ text: 'Snow, -3 °C. ❄️' });
      const { id: assistant_id } = await createAssistant(harness);
      const { id } = await harness.openai.beta.threads.create();
      const stream = harness.openai.beta.threads.runs.stream(id, { assistant_id });
      const deltas: string[] = [];
      stream.on('textDelta', ({ value = '' }) => deltas.push(value));
      await waitUntil(
        async () => (await harness.openai.beta.threads.runs.list(id)).data.length > 0,
      );
      await harness.runToEnd();
      const [message] = await stream.finalMessages();
      expect(deltas.length).toBeGreaterThan(1);
      expect(deltas.join('')).toBe(message && textOf(message));
    });

    test('without text into no message and no step', async () => {
      const { run: ended, messages, steps } = await run({});
      expect(ended.status).toBe('completed');
      expect([messages, steps]).toEqual([[], []]);
    });

    test('with a refusal into a refusal part', async () => {
      const { run: ended, messages } = await run({ refusal: 'I cannot help with that.' });
      expect(ended.status).toBe('completed');
      expect(messages[0]?.content).toEqual([
        { type: 'refusal', refusal: 'I cannot help with that.' },
      ]);
    });

    test('into a message without the reasoning', async () => {
      const { messages, run: ended, steps } = await run({ reasoning: 'gAAAA', text: 'Snow.' });
      expect(messages.map(textOf)).toEqual(['Snow.']);
      expect(JSON.stringify([ended, messages, steps])).not.toContain('gAAAA');
    });
  });

  describe('shows function calls', () => {
    const oslo = toolCall('get_weather', { city: 'Oslo' }, 'call_one');
    const rome = toolCall('get_weather', { city: 'Rome' }, 'call_two');

    test('in parallel, and continues with all their outputs', async () => {
      const { harness, run: waiting, steps } = await run({ calls: [oslo, rome], usage: [90, 15] });
      expect(waiting.status).toBe('requires_action');
      expect(waiting.required_action?.submit_tool_outputs.tool_calls).toEqual([
        {
          id: 'call_one',
          type: 'function',
          function: { name: 'get_weather', arguments: oslo.args },
        },
        {
          id: 'call_two',
          type: 'function',
          function: { name: 'get_weather', arguments: rome.args },
        },
      ]);
      expect(steps).toMatchObject([{ type: 'tool_calls', status: 'in_progress' }]);
      harness.respondWith({ text: 'Cold in both.', usage: [120, 6] });
      await submitOutputs(harness, waiting);
      await harness.runToEnd();
      const ended = await readRun(harness, waiting);
      expect(ended).toMatchObject({ status: 'completed', usage: { total_tokens: 231 } });
      const secondRequest = JSON.stringify(harness.sent()[1]);
      for (const part of ['call_one', 'call_two', '-3C, snow', 'Rome']) {
        expect(secondRequest).toContain(part);
      }
    });

    test('after the message of a preceding text', async () => {
      const {
        harness,
        run: waiting,
        messages,
        steps,
      } = await run({ text: 'Let me see.', calls: [oslo] });
      expect(waiting.status).toBe('requires_action');
      expect(messages.map(textOf)).toEqual(['Let me see.']);
      expect(steps.map(({ type, status }) => [type, status])).toEqual([
        ['message_creation', 'completed'],
        ['tool_calls', 'in_progress'],
      ]);
      harness.respondWith({ text: 'Snow.' });
      await submitOutputs(harness, waiting);
      await harness.runToEnd();
      expect(JSON.stringify(harness.sent()[1])).toContain('Let me see.');
      expect((await readRun(harness, waiting)).status).toBe('completed');
    });

    test('of several turns in one run', async () => {
      const { harness, run: waiting } = await run({ calls: [oslo], reasoning: 'gAAAA' });
      harness.respondWith({ calls: [rome], reasoning: 'gBBBB' }, { text: 'Cold in both.' });
      await submitOutputs(harness, waiting);
      await harness.runToEnd();
      const second = await readRun(harness, waiting);
      expect(callIds(second)).toEqual(['call_two']);
      await submitOutputs(harness, second);
      await harness.runToEnd();
      expect((await readRun(harness, waiting)).status).toBe('completed');
    });

    test('only if they are complete', async () => {
      const { run: ended, steps } = await run({ calls: [oslo], truncated: 'length' });
      expect(ended).toMatchObject({
        status: 'incomplete',
        incomplete_details: { reason: 'max_completion_tokens' },
        required_action: null,
      });
      expect(steps).toEqual([]);
    });

    test.each(['required', { type: 'function', function: { name: 'get_weather' } }] as const)(
      'and forces tool_choice %j only in the first call of a run',
      async (tool_choice) => {
        const { harness, run: waiting } = await run({ calls: [oslo] }, { tool_choice });
        harness.respondWith({});
        await submitOutputs(harness, waiting);
        await harness.runToEnd();
        expect(harness.sent()[0]).toHaveProperty('tool_choice');
        const [, second = {}] = harness.sent();
        expect([undefined, 'auto']).toContain(Reflect.get(second, 'tool_choice'));
      },
    );
  });

  describe('a run with a truncated answer', () => {
    test('is incomplete when the token limit is reached', async () => {
      const { run: ended, messages } = await run({ text: 'It is cold and', truncated: 'length' });
      expect(ended).toMatchObject({
        status: 'incomplete',
        incomplete_details: { reason: 'max_completion_tokens' },
      });
      expect(messages).toMatchObject([
        { status: 'incomplete', incomplete_details: { reason: 'max_tokens' } },
      ]);
      expect(messages.map(textOf)).toEqual(['It is cold and']);
    });

    test('is incomplete with the text before the content filter', async () => {
      const { run: ended, messages } = await run({ text: 'It is', truncated: 'content_filter' });
      expect(ended).toMatchObject({ status: 'incomplete', incomplete_details: null });
      expect(messages).toMatchObject([
        { status: 'incomplete', incomplete_details: { reason: 'content_filter' } },
      ]);
    });

    test('is failed if the content filter left no text', async () => {
      const { run: ended } = await run({ truncated: 'content_filter' });
      expect(ended).toMatchObject({ status: 'failed', last_error: { code: 'invalid_prompt' } });
    });
  });

  describe('usage of a run', () => {
    test('includes cached and reasoning tokens', async () => {
      const { run: ended } = await run({ text: 'Hi.', usage: [100, 40, 64, 32] });
      expect(ended.usage).toEqual({
        prompt_tokens: 100,
        completion_tokens: 40,
        total_tokens: 140,
        prompt_token_details: { cached_tokens: 64 },
        completion_tokens_details: { reasoning_tokens: 32 },
      });
    });

    test('is zero if the endpoint reports none', async () => {
      const { run: ended } = await run({ text: 'Hi.', usage: null });
      expect(ended).toMatchObject({ status: 'completed', usage: { total_tokens: 0 } });
    });

    test('subtracts the usage from max_completion_tokens of the next call', async () => {
      const first = { calls: [toolCall('get_weather', {})], usage: [90, 200] } as const;
      const { harness, run: waiting } = await run(first, { max_completion_tokens: 500 });
      harness.respondWith({});
      await submitOutputs(harness, waiting);
      await harness.runToEnd();
      expect(JSON.stringify(harness.sent()[0])).toContain('tokens":500');
      expect(JSON.stringify(harness.sent()[1])).toContain('tokens":300');
    });
  });
});
