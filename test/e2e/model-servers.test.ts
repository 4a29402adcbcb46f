import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { toolCall } from '../support/chat-replies.ts';
import { listen } from '../support/loopback-server.ts';
import { modelServers } from '../support/model-servers/index.ts';
import { callTool, initialize, startServer } from './server.ts';

const created = z.looseObject({ id: z.string() });
const waitingRun = z.object({
  id: z.string(),
  status: z.literal('requires_action'),
  required_action: z.object({
    submit_tool_outputs: z.object({ tool_calls: z.array(created) }),
  }),
});

const getWeather = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
};
const parallelCalls = [
  toolCall('get_weather', { city: 'Oslo' }),
  toolCall('get_weather', { city: 'Rome' }),
];
const longText = 'It snows and snows. '.repeat(4000);

/** Fakes that stand for an address on the internet cannot be reached over a socket. */
const reachable = modelServers.filter((create) => !create().baseURL.includes('openai.'));

describe.each(reachable.map((create) => ({ create, name: create().name })))(
  'over stdio, with $name as the model server',
  ({ create }) => {
    test('a conversation has parallel calls, JSON mode and a long prompt', async () => {
      const models = create();
      const OPENAI_BASE_URL = `${await listen((request) => models.fetch(request))}/v1`;
      const program = startServer({ args: ['--model-api', 'auto'], env: { OPENAI_BASE_URL } });
      await initialize(program);
      const call = (name: string, args: object) => callTool(program, name, args);
      const assistant = { model: 'a-model', tools: [getWeather] };
      const { id: assistant_id } = created.parse(await call('create_assistant', assistant));
      const { id: thread_id } = created.parse(await call('create_thread', {}));
      const run = (content: string, settings: object = {}) => {
        const additional_messages = [{ role: 'user', content }];
        const params = { thread_id, assistant_id, additional_messages, wait_seconds: 45 };
        return call('create_run', { ...params, ...settings });
      };

      models.respondWith({ text: 'Let me see.', calls: parallelCalls }, { text: 'Cold in both.' });
      const waiting = waitingRun.parse(await run('Weather in Oslo and Rome?'));
      const { tool_calls } = waiting.required_action.submit_tool_outputs;
      expect(tool_calls).toHaveLength(2);
      const tool_outputs = tool_calls.map(({ id }) => ({ tool_call_id: id, output: '-3 C' }));
      const answer = { thread_id, run_id: waiting.id, tool_outputs, wait_seconds: 45 };
      expect(await call('submit_tool_outputs', answer)).toMatchObject({
        status: 'completed',
        reply: 'Let me see.\n\nCold in both.',
      });

      models.respondWith({ text: '{"oslo":-3}' });
      expect(await run('Now as data.', { response_format: { type: 'json_object' } })).toMatchObject(
        { status: 'completed', reply: '{"oslo":-3}' },
      );

      models.respondWith({ text: 'A lot of snow.' });
      const limits = { temperature: 0.2, max_completion_tokens: 100 };
      expect(await run(longText, limits)).toMatchObject({
        status: 'completed',
        reply: 'A lot of snow.',
      });

      const last = JSON.stringify(models.requests.at(-1)?.body);
      for (const text of ['Cold in both.', 'Now as data.', longText]) expect(last).toContain(text);
      expect(models.rejections).toEqual([]);
    });
  },
);
