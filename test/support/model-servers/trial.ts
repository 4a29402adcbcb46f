import type OpenAI from 'openai';
import { createAssistant, createThread, readMessages, readRun, textOf } from '../conversation.ts';
import { setup } from '../engine.ts';
import type { ModelServer } from './server.ts';

export type RunParams = Partial<OpenAI.Beta.Threads.RunCreateParamsNonStreaming>;

const strictTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    strict: true,
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    },
  },
} satisfies OpenAI.Beta.AssistantTool;

const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

/** A run that sets everything that servers refuse. */
export const everySetting = {
  tools: [strictTool],
  temperature: 0.3,
  top_p: 0.5,
  parallel_tool_calls: false,
  reasoning_effort: 'low',
  max_completion_tokens: 500,
  tool_choice: { type: 'function', function: { name: 'get_weather' } },
  response_format: { type: 'json_schema', json_schema: { name: 'city', schema } },
} satisfies RunParams;

type ModelApi = 'auto' | 'chat' | 'responses';

/** An engine with the server as its model endpoint. */
export const openAt = (server: ModelServer, model: ModelApi = 'auto') => {
  const isOpenAI = server.baseURL === 'https://api.openai.com/v1';
  const address = isOpenAI ? {} : { baseURL: server.baseURL };
  return setup({ model, endpoint: server, ...address });
};

/** Makes runs at a server, each on a thread of its own; the model replies with `reply`. */
export async function openTrial(server: ModelServer, model?: ModelApi) {
  const harness = await openAt(server, model);
  const { id: assistant_id } = await createAssistant(harness);
  const run = async (params: RunParams = everySetting, reply = '{"city":"Oslo"}') => {
    const before = server.requests.length;
    server.respondWith({ text: reply });
    const thread = await createThread(harness);
    const created = await harness.openai.beta.threads.runs.create(thread.id, {
      assistant_id,
      ...params,
    });
    await harness.runToEnd();
    const messages = await readMessages(harness, thread.id);
    return {
      ended: await readRun(harness, created),
      reply: messages.slice(1).map(textOf),
      requests: server.requests.slice(before),
    };
  };
  return { harness, run };
}
