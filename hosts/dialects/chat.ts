import * as z from 'zod';
import { chunksOf, writeEvents } from '../../test/support/chat-upstream.ts';
import { type Answer, type Dialect, eventStream, toReply, toText } from './dialect.ts';

const called = z.looseObject({ name: z.string(), arguments: z.string().default('') });

const message = z.looseObject({
  role: z.string(),
  content: z.unknown().optional(),
  tool_call_id: z.string().optional(),
  tool_calls: z.array(z.looseObject({ id: z.string(), function: called })).nullish(),
});

const request = z.looseObject({
  model: z.string(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }) })).default([]),
  messages: z.array(message),
});

function toCompletion(answer: Answer, model: string) {
  const { text = null, calls = [] } = { text: undefined, calls: undefined, ...toReply(answer) };
  const toolCalls = calls.map(({ id, name, args }) => ({
    id,
    type: 'function',
    function: { name, arguments: args },
  }));
  return {
    id: `chatcmpl-${answer.id}`,
    object: 'chat.completion',
    created: 1_790_000_000,
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text,
          ...(calls.length > 0 && { tool_calls: toolCalls }),
        },
        finish_reason: calls.length > 0 ? 'tool_calls' : 'stop',
      },
    ],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  };
}

/** OpenAI's Chat Completions. */
export const chat: Dialect = {
  path: /\/chat\/completions$/u,
  read(body) {
    const { tools, messages } = request.parse(body);
    const toolCalls = messages.flatMap(({ tool_calls: made }) => made ?? []);
    const calls = new Map(toolCalls.map((one) => [one.id, one.function]));
    const results = messages
      .filter(({ role }) => role === 'tool')
      .map(({ tool_call_id: id = '', content }) => {
        const { name = '', arguments: args = '' } = calls.get(id) ?? {};
        return { name, args, output: toText(content) };
      });
    return { tools: tools.map((tool) => tool.function.name), results };
  },
  write(answer, body) {
    const { model, stream, stream_options: options } = request.parse(body);
    if (stream !== true) return Response.json(toCompletion(answer, model));
    const included =
      options?.include_usage === true ? { stream_options: { include_usage: true as const } } : {};
    const chunks = chunksOf(toReply(answer), { model, ...included });
    const id = `chatcmpl-${answer.id}`;
    return eventStream(writeEvents(chunks.map((chunk) => ({ ...chunk, id }))));
  },
};
