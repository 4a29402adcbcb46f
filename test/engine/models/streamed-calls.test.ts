import { describe, expect, test } from 'vitest';
import { callsOf, chatStream, finalResponse, openAt } from '../../support/answer-server.ts';

const oslo = '{"city":"Oslo"}';
const osloCall = ['get_weather', oslo];
const romeCall = ['get_weather', '{"city":"Rome"}'];

interface Piece {
  readonly index?: number;
  readonly id?: string | null;
  readonly name?: string | null;
  readonly args?: unknown;
}

const piece = ({ index, id, name, args }: Piece): object => ({
  tool_calls: [
    {
      ...(index === undefined ? {} : { index }),
      ...(id === undefined ? {} : { id }),
      type: 'function',
      function: {
        ...(name === undefined ? {} : { name }),
        ...(args === undefined ? {} : { arguments: args }),
      },
    },
  ],
});

const first = { index: 0, id: 'call_1', name: 'get_weather' };

/** What servers send for one call of get_weather for Oslo. */
const oneCall: readonly [server: string, pieces: readonly Piece[]][] = [
  [
    'repeats the whole call at the end',
    [
      { ...first, args: '' },
      { index: 0, args: '{"city":' },
      { index: 0, args: '"Oslo"}' },
      { ...first, args: oslo },
    ],
  ],
  [
    'repeats the whole call, encoded twice (LiteLLM)',
    [
      { ...first, args: '{"city":' },
      { index: 0, args: '"Oslo"}' },
      { ...first, args: JSON.stringify(oslo) },
    ],
  ],
  [
    'repeats the arguments without id and name',
    [
      { ...first, args: '' },
      { index: 0, args: oslo },
      { index: 0, args: oslo },
    ],
  ],
  [
    'sends the arguments so far in every piece (Qianfan)',
    [
      { ...first, args: '{"ci' },
      { index: 0, args: '{"city":"Os' },
      { index: 0, args: oslo },
    ],
  ],
  [
    'sends the arguments so far, and an empty piece at the end',
    [
      { ...first, args: '{"ci' },
      { ...first, args: oslo },
      { index: 0, args: '' },
    ],
  ],
  [
    'starts with an empty object',
    [
      { ...first, args: '{}' },
      { index: 0, args: oslo },
    ],
  ],
  [
    'sends the name after the arguments',
    [
      { index: 0, id: 'call_1', args: '{"city":' },
      { index: 0, args: '"Oslo"}' },
      { index: 0, name: 'get_weather' },
    ],
  ],
  [
    'sends the name after some of the arguments (vLLM)',
    [
      { index: 0, id: 'call_1', name: null, args: '{"city":' },
      { index: 0, name: 'get_weather', args: '"Oslo"}' },
    ],
  ],
  [
    'sends an empty name first',
    [
      { index: 0, id: 'call_1', name: '', args: '' },
      { ...first, args: oslo },
    ],
  ],
  [
    'sends the name in two pieces',
    [
      { index: 0, id: 'call_1', name: 'get_' },
      { index: 0, name: 'weather', args: '' },
      { index: 0, args: oslo },
    ],
  ],
  [
    'sends id and name in every piece',
    [
      { ...first, args: '{"city":' },
      { ...first, args: '"Oslo"' },
      { ...first, args: '}' },
    ],
  ],
  [
    'sends a new id and no name in every piece',
    [
      { ...first, args: '{"city":' },
      { index: 0, id: 'call_2', name: '', args: '"Oslo"}' },
    ],
  ],
  [
    'sends null in quotes as the name of later pieces (LiteLLM)',
    [
      { ...first, args: '{"city":' },
      { index: 0, id: '', name: 'null', args: '"Oslo"}' },
    ],
  ],
  [
    'sends pieces without an index',
    [{ id: 'call_1', name: 'get_weather', args: '{"city":' }, { args: '"Oslo"}' }],
  ],
  [
    'starts a call that never comes',
    [
      { ...first, args: oslo },
      { index: 1, id: 'call_2', name: '', args: '' },
    ],
  ],
];

describe('the call that was meant is read from a server that', () => {
  test.each(oneCall)('%s', async (_, pieces) => {
    const { start } = await openAt({ chat: () => chatStream(pieces.map(piece), 'tool_calls') });
    const { run } = await start();
    expect([run.last_error, callsOf(run)]).toEqual([null, [osloCall]]);
  });

  test.each([
    ['in place of tool_calls', [{}]],
    ['beside tool_calls', [piece({ ...first, args: oslo })]],
  ])('sends function_call %s', async (_, others) => {
    const deltas = [
      { role: 'assistant', function_call: { name: 'get_weather', arguments: '{"city":' } },
      { function_call: { arguments: '"Oslo"}' } },
      ...others,
    ];
    const { start } = await openAt({ chat: () => chatStream(deltas, 'function_call') });
    const { run } = await start();
    expect([run.last_error, callsOf(run)]).toEqual([null, [osloCall]]);
  });

  test.each([null, 'stop', 'tool_calls', 'STOP'])('ends it with the reason %j', async (reason) => {
    const { start } = await openAt({
      chat: () => chatStream([piece({ ...first, args: oslo })], reason),
    });
    const { run } = await start();
    expect(callsOf(run)).toEqual([osloCall]);
  });
});

describe('two calls stay two', () => {
  test.each<[string, readonly Piece[]]>([
    [
      'with their own indexes',
      [
        { ...first, args: oslo },
        { index: 1, id: 'call_2', name: 'get_weather', args: '{"city":"Rome"}' },
      ],
    ],
    [
      'with index 0 and their own ids',
      [
        { ...first, args: oslo },
        { index: 0, id: 'call_2', name: 'get_weather', args: '{"city":"Rome"}' },
      ],
    ],
    [
      'with index 0 and one id',
      [
        { ...first, args: oslo },
        { ...first, args: '{"city":"Rome"}' },
      ],
    ],
    [
      'without ids and indexes',
      [
        { name: 'get_weather', args: oslo },
        { name: 'get_weather', args: '{"city":"Rome"}' },
      ],
    ],
  ])('%s', async (_, pieces) => {
    const { start } = await openAt({ chat: () => chatStream(pieces.map(piece), 'tool_calls') });
    const { run } = await start();
    expect(callsOf(run)).toEqual([osloCall, romeCall]);
  });
});

test('a call that Responses repeats in its last event is one call', async () => {
  const call = {
    type: 'function_call',
    id: 'fc_1',
    call_id: 'call_1',
    name: 'get_weather',
    arguments: oslo,
  };
  const { start } = await openAt({
    responses: () =>
      finalResponse([call, { ...call, id: 'fc_2', arguments: JSON.stringify(oslo) }]),
  });
  expect(callsOf((await start()).run)).toEqual([osloCall]);
});
