import { describe, expect, test } from 'vitest';
import { callsOf, chatStream, finalResponse, openAt } from '../../support/answer-server.ts';

const oslo = '{"city":"Oslo"}';

interface Piece {
  readonly id: string;
  readonly name?: string;
  readonly args?: unknown;
}

const callPiece = ({ id, name, args }: Piece): object => ({
  tool_calls: [{ index: 0, id, type: 'function', function: { name, arguments: args } }],
});

/** Arguments as servers send them, and as they were meant. */
const argumentForms: readonly [form: string, sent: unknown, meant: string][] = [
  ['an object', { city: 'Oslo' }, oslo],
  ['JSON in a string of JSON', JSON.stringify(oslo), oslo],
  ['JSON in a string in a string', JSON.stringify(JSON.stringify(oslo)), oslo],
  ['what Python prints', "{'city': 'Oslo'}", '{"city": "Oslo"}'],
  [
    'what Python prints, with its constants and quotes',
    `{'city': "L'Aquila", 'now': True, 'at': None}`,
    `{"city": "L'Aquila", "now": true, "at": null}`,
  ],
  ['the same object twice', `${oslo}${oslo}`, oslo],
  ['an object after an empty one', `{}${oslo}`, oslo],
  ['an object whose start comes twice', `{${oslo}`, oslo],
  [
    'an object that begins, then comes as a whole',
    `{"city":"Oslo"{"city":"Oslo","at":{}}`,
    '{"city":"Oslo","at":{}}',
  ],
  ['an empty text', '', '{}'],
  ['null', null, '{}'],
  ['null in quotes', 'null', '{}'],
  ['an empty text in quotes', '""', '{}'],
  ['None', 'None', '{}'],
  ['spaces', '  ', '{}'],
  ['JSON with spaces, which stay', '{ "city" : "Oslo" }', '{ "city" : "Oslo" }'],
  ['a text with braces', '{"city":"}{\\"Oslo"}', '{"city":"}{\\"Oslo"}'],
];

describe.each(['chat', 'responses'] as const)('over %s, arguments', (api) => {
  const server = (args: unknown) => ({
    [api]: () =>
      api === 'chat'
        ? chatStream([callPiece({ id: 'call_1', name: 'get_weather', args })], 'tool_calls')
        : finalResponse([
            {
              type: 'function_call',
              id: 'fc_1',
              call_id: 'call_1',
              name: 'get_weather',
              arguments: args,
            },
          ]),
  });

  test.each(argumentForms)('that are %s become JSON', async (_, sent, meant) => {
    const { start } = await openAt(server(sent));
    const { run } = await start();
    expect([run.last_error, callsOf(run)]).toEqual([null, [['get_weather', meant]]]);
  });

  test.each(['{"city":', '{"city":"Oslo"}{"city":"Rome"}', 'Oslo', '{"city": Oslo}'])(
    'that are %j are requested again twice, then fail the run',
    async (args) => {
      const { start, requests } = await openAt(server(args));
      const { run } = await start();
      expect(run).toMatchObject({
        status: 'failed',
        last_error: {
          code: 'server_error',
          message: 'The model called get_weather with arguments that are not JSON.',
        },
      });
      expect(requests).toHaveLength(3);
    },
  );
});

const good = () => chatStream([{ content: 'Snow.' }]);

describe('an answer without anything usable', () => {
  test.each([
    ['ends with MALFORMED_FUNCTION_CALL', [], 'MALFORMED_FUNCTION_CALL'],
    ["ends with Gemini's longer name for it", [], 'function_call_filter: MALFORMED_FUNCTION_CALL'],
    ['ends with UNEXPECTED_TOOL_CALL', [], 'UNEXPECTED_TOOL_CALL'],
    ['announces a call that does not come', [], 'tool_calls'],
    ['has a call without a name', [callPiece({ id: 'call_1', args: oslo })], 'tool_calls'],
    ['has an empty call', [callPiece({ id: 'call_1' })], 'tool_calls'],
  ])('is requested again if it %s', async (_, deltas, reason) => {
    const { start, requests, texts } = await openAt({
      chat: (__, call) => (call === 0 ? chatStream(deltas, reason) : good()),
    });
    const { run, thread_id } = await start();
    expect([run.status, await texts(thread_id)]).toEqual(['completed', ['Snow.']]);
    expect(requests).toHaveLength(2);
  });

  test('fails the run with the cause if it comes again and again', async () => {
    const { start, requests } = await openAt({
      chat: () => chatStream([], 'MALFORMED_FUNCTION_CALL'),
    });
    const { run } = await start();
    expect(run.last_error).toEqual({
      code: 'server_error',
      message: 'The model wrote a function call that is not valid (MALFORMED_FUNCTION_CALL).',
    });
    expect(requests).toHaveLength(3);
  });

  test('fails the run at once if some of its text was shown', async () => {
    const { start, requests, texts } = await openAt({
      chat: () => chatStream([{ content: 'Let me see.' }], 'MALFORMED_FUNCTION_CALL'),
    });
    const { run, thread_id } = await start();
    expect(run.last_error?.message).toContain('MALFORMED_FUNCTION_CALL');
    expect([requests.length, await texts(thread_id)]).toEqual([1, ['Let me see.']]);
  });

  test('over Responses is requested again too', async () => {
    const malformed = finalResponse([], {
      status: 'incomplete',
      incomplete_details: { reason: 'malformed_function_call' },
    });
    const nameless = finalResponse([{ type: 'function_call', call_id: 'call_1', arguments: oslo }]);
    const answers = [malformed, nameless, finalResponse([])];
    const { start, requests } = await openAt({
      responses: (_, call) => answers[call] ?? finalResponse([]),
    });
    const { run } = await start();
    expect([run.status, requests.length]).toEqual(['completed', 3]);
  });
});
