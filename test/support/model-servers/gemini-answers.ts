import { type AnswerServer, chatStream } from '../answer-server.ts';

const signatures = ['EjQKMgEMOdbHJChLX75Q', 'AY89a18IwQsQ8in2'];

const signedCall = (city: string, index: number) => ({
  function: { arguments: JSON.stringify({ city }), name: 'get_weather' },
  id: `function-call-${index}`,
  type: 'function',
  extra_content: { google: { thought_signature: signatures[index] } },
});

const refusal = () =>
  Response.json(
    [
      {
        error: {
          code: 400,
          message:
            'Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly.',
          status: 'INVALID_ARGUMENT',
        },
      },
    ],
    { status: 400 },
  );

const isSigned = (call: unknown, index: number): boolean =>
  JSON.stringify(Reflect.get(Object(call), 'extra_content')) ===
  JSON.stringify({ google: { thought_signature: signatures[index] } });

/**
 * Gemini by its Chat Completions: calls come whole, without an index and with `finish_reason` stop, and
 * must come back with the thought signatures that they had.
 */
export const geminiAnswers: AnswerServer = {
  chat: ({ messages }) => {
    const turn = messages.find((message) => 'tool_calls' in message);
    if (turn === undefined) {
      return chatStream([
        { role: 'assistant', tool_calls: [signedCall('Oslo', 0)] },
        { role: 'assistant', tool_calls: [signedCall('Rome', 1)] },
      ]);
    }
    const calls: unknown = turn['tool_calls'];
    const areSigned = Array.isArray(calls) && calls.length === 2 && calls.every(isSigned);
    return areSigned ? chatStream([{ role: 'assistant', content: 'Cold in both.' }]) : refusal();
  },
};
