import { type AnswerServer, chatStream } from '../answer-server.ts';

const format = 'anthropic-claude-v1';

/** One block of signed reasoning, whose signature comes last and without a text. */
const fragments = [
  { type: 'reasoning.text', text: 'Let', format, index: 0 },
  { type: 'reasoning.text', text: ' me look it up.', format, index: 0 },
  { type: 'reasoning.text', signature: 'Et8BCmUIDxgC', format, index: 0 },
  { type: 'reasoning.encrypted', data: 'gAAAA', id: 'rs_1', format, index: 1 },
];

const whole = [
  {
    type: 'reasoning.text',
    text: 'Let me look it up.',
    format,
    index: 0,
    signature: 'Et8BCmUIDxgC',
  },
  { type: 'reasoning.encrypted', data: 'gAAAA', id: 'rs_1', format, index: 1 },
];

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => a.localeCompare(b)))
      : part,
  );

/** What the provider said is in a field of its own. */
export const openRouterError = (raw: unknown, status = 400, code = status): Response =>
  Response.json(
    {
      error: {
        message: 'Provider returned error',
        code,
        metadata: {
          raw: typeof raw === 'string' ? raw : JSON.stringify(raw),
          provider_name: 'Anthropic',
          is_byok: false,
        },
      },
      user_id: 'user_1',
    },
    { status },
  );

/** OpenRouter in front of Claude: signed reasoning has to come back in one piece. */
export const openRouterAnswers: AnswerServer = {
  chat: ({ messages }) => {
    const turn = messages.find((message) => 'tool_calls' in message);
    if (turn === undefined) {
      return chatStream(
        [
          ...fragments.map((fragment) => ({
            role: 'assistant',
            content: '',
            reasoning: fragment.text ?? null,
            reasoning_details: [fragment],
          })),
          {
            tool_calls: [
              {
                index: 0,
                id: 'toolu_1',
                type: 'function',
                function: { name: 'get_weather', arguments: '{"city":"Oslo"}' },
              },
            ],
          },
        ],
        'tool_calls',
      );
    }
    if (sorted(turn['reasoning_details']) === sorted(whole))
      return chatStream([{ content: 'Snow.' }]);
    const message = 'messages.1.content.0: Invalid `signature` in `thinking` block';
    return openRouterError({ type: 'error', error: { type: 'invalid_request_error', message } });
  },
};
