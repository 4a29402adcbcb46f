import * as z from 'zod';
import { frame } from '../../test/support/upstream-events.ts';
import { type Answer, type Dialect, eventStream, toText } from './dialect.ts';

const block = z.looseObject({
  type: z.string(),
  id: z.string().optional(),
  name: z.string().optional(),
  tool_use_id: z.string().optional(),
  input: z.unknown().optional(),
  content: z.unknown().optional(),
});

const request = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
  messages: z.array(z.looseObject({ content: z.union([z.string(), z.array(block)]) })),
});

const toBlock = (answer: Answer) =>
  'text' in answer
    ? { type: 'text', text: answer.text }
    : { type: 'tool_use', id: answer.id, name: answer.name, input: answer.args };

const usage = { input_tokens: 10, output_tokens: 5 };

function toMessage(answer: Answer, model: string) {
  return {
    id: `msg_${answer.id}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [toBlock(answer)],
    stop_reason: 'text' in answer ? 'end_turn' : 'tool_use',
    stop_sequence: null,
    usage,
  };
}

function toEvents(answer: Answer, model: string) {
  const message = toMessage(answer, model);
  const isText = 'text' in answer;
  return [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
    {
      type: 'content_block_start',
      index: 0,
      content_block: { ...toBlock(answer), ...(isText ? { text: '' } : { input: {} }) },
    },
    {
      type: 'content_block_delta',
      index: 0,
      delta: isText
        ? { type: 'text_delta', text: answer.text }
        : { type: 'input_json_delta', partial_json: JSON.stringify(answer.args) },
    },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: message.stop_reason, stop_sequence: null },
      usage,
    },
    { type: 'message_stop' },
  ];
}

/** Anthropic's Messages. */
export const anthropic: Dialect = {
  path: /\/messages$/u,
  read(body) {
    const { tools, messages } = request.parse(body);
    const blocks = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
    const calls = new Map(blocks.map((one) => [one.id, one]));
    const results = blocks
      .filter(({ type }) => type === 'tool_result')
      .map(({ tool_use_id: id, content }) => {
        const { name = '', input } = calls.get(id) ?? {};
        return { name, args: toText(input), output: toText(content) };
      });
    return { tools: tools.map(({ name }) => name), results };
  },
  write(answer, body) {
    const { model, stream } = request.parse(body);
    if (!stream) return Response.json(toMessage(answer, model));
    return eventStream(
      toEvents(answer, model)
        .map((event) => frame(event))
        .join(''),
    );
  },
};
