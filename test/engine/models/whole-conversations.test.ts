import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { toolCall } from '../../support/chat-replies.ts';
import {
  callIds,
  createAssistant,
  readMessages,
  readRun,
  textOf,
} from '../../support/conversation.ts';
import { modelServers } from '../../support/model-servers/index.ts';
import { openAt } from '../../support/model-servers/trial.ts';

const longText = 'It snows and snows. '.repeat(4000);

const parallelCalls = [
  toolCall('get_weather', { city: 'Oslo' }),
  toolCall('get_weather', { city: 'Rome' }),
];

describe.each(modelServers.map((create) => ({ create, name: create().name })))(
  'at $name, with --model-api auto',
  ({ create }) => {
    test('a conversation has parallel calls, JSON mode and a long prompt', async () => {
      const server = create();
      const harness = await openAt(server);
      const { threads } = harness.openai.beta;
      const { id: assistant_id } = await createAssistant(harness);
      const { id: thread_id } = await threads.create();
      const ask = async (content: string, params: object = {}) => {
        await threads.messages.create(thread_id, { role: 'user', content });
        const run: OpenAI.Beta.Threads.Run = await threads.runs.create(thread_id, {
          assistant_id,
          ...params,
        });
        await harness.runToEnd();
        return readRun(harness, run);
      };

      server.respondWith({ text: 'Let me see.', calls: parallelCalls }, { text: 'Cold in both.' });
      const waiting = await ask('Weather in Oslo and Rome?');
      expect([waiting.status, waiting.last_error]).toEqual(['requires_action', null]);
      expect(callIds(waiting)).toHaveLength(2);
      await threads.runs.submitToolOutputs(waiting.id, {
        thread_id,
        tool_outputs: callIds(waiting).map((tool_call_id) => ({ tool_call_id, output: '-3 C' })),
      });
      await harness.runToEnd();
      expect(await readRun(harness, waiting)).toMatchObject({ status: 'completed' });

      server.respondWith({ text: '{"oslo":-3}' });
      const json = await ask('Now as data.', { response_format: { type: 'json_object' } });
      expect([json.status, json.last_error]).toEqual(['completed', null]);
      expect(json).not.toHaveProperty('response_format_mismatch');

      server.respondWith({ text: 'A lot of snow.' });
      const long = await ask(longText, { temperature: 0.2, max_completion_tokens: 100 });
      expect([long.status, long.last_error]).toEqual(['completed', null]);

      const messages = await readMessages(harness, thread_id);
      const replies = messages.filter(({ role }) => role === 'assistant').map(textOf);
      expect(replies).toEqual(['Let me see.', 'Cold in both.', '{"oslo":-3}', 'A lot of snow.']);
      const last = JSON.stringify(server.requests.at(-1)?.body);
      for (const text of ['Cold in both.', 'Now as data.', longText]) expect(last).toContain(text);
    });
  },
);
