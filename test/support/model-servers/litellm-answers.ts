import { type AnswerServer, chatStream } from '../answer-server.ts';

const block = { type: 'thinking', thinking: 'Let me look it up.', signature: 'Et8BCmUIDxgC' };

const call = {
  id: 'toolu_1',
  type: 'function',
  index: 0,
  function: {
    name: 'get_weather',
    arguments: '{"city":"Oslo"}',
    provider_specific_fields: { thought_signature: 'EjQKMgEM' },
  },
};

/**
 * LiteLLM in front of Claude and Gemini: thinking comes in pieces without an index, and signatures are
 * in the function of a call.
 */
export const liteLLMAnswers: AnswerServer = {
  chat: ({ messages }) => {
    const turn = messages.find((message) => 'tool_calls' in message);
    if (turn === undefined) {
      return chatStream(
        [
          { role: 'assistant', thinking_blocks: [{ type: 'thinking', thinking: 'Let me ' }] },
          {
            reasoning_content: 'look it up.',
            thinking_blocks: [{ type: 'thinking', thinking: 'look it up.', signature: null }],
          },
          { thinking_blocks: [{ type: 'thinking', thinking: '', signature: 'Et8BCmUIDxgC' }] },
          { tool_calls: [call] },
        ],
        'tool_calls',
      );
    }
    const { index: _, ...sent } = call;
    const isWhole =
      JSON.stringify(turn['thinking_blocks']) === JSON.stringify([block]) &&
      JSON.stringify(Object(turn['tool_calls'])[0].function.provider_specific_fields) ===
        JSON.stringify(sent.function.provider_specific_fields);
    if (isWhole) return chatStream([{ content: 'Snow.' }]);
    const message =
      'litellm.BadRequestError: AnthropicException - {"type":"error","error":{"type":"invalid_request_error","message":"messages.1.content.0: Expected `thinking`"}}';
    return Response.json(
      { error: { message, type: null, param: null, code: '400' } },
      { status: 400 },
    );
  },
};
