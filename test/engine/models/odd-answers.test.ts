import { describe, expect, test } from 'vitest';
import { callsOf, chatStream, events, openAt, sse } from '../../support/answer-server.ts';

/* What servers of Chat Completions send in another place or form, as their users report it. */

const oslo = '{"city":"Oslo"}';
const osloCall = ['get_weather', oslo];

const chunk = (delta: object | null, fields: object = {}) => ({
  choices: [{ index: 0, ...(delta !== null && { delta }), finish_reason: null, ...fields }],
});

const stream = (...values: readonly unknown[]) => sse(`${events(values)}data: [DONE]\n\n`);

const runAt = async (answer: () => Response) => {
  const { start, texts, requests } = await openAt({ chat: answer });
  const { run, thread_id } = await start();
  return { run, texts: await texts(thread_id), calls: requests.length };
};

const end = (usage: unknown, fields: object = {}) => ({
  ...chunk({}, { finish_reason: 'stop', ...fields }),
  usage,
});

describe('usage is read', () => {
  test.each<[string, object]>([
    [
      'from the choice (Moonshot)',
      end(null, { usage: { prompt_tokens: 19, completion_tokens: 13, cached_tokens: 7 } }),
    ],
    [
      'if it counts tokens as text',
      end({
        prompt_tokens: '19',
        completion_tokens: '13',
        prompt_tokens_details: { cached_tokens: '7' },
      }),
    ],
    [
      'under the names of the Responses API',
      end({ input_tokens: 19, output_tokens: 13, cached_tokens: 7 }),
    ],
  ])('%s', async (_, last) => {
    const { run } = await runAt(() => stream(chunk({ content: 'Snow.' }), last));
    expect(run.usage).toMatchObject({
      prompt_tokens: 19,
      completion_tokens: 13,
      total_tokens: 32,
      prompt_token_details: { cached_tokens: 7 },
    });
  });
});

const endedBy = (reason: string) => runAt(() => chatStream([{ content: 'Snow' }], reason));

describe('an answer that ends with', () => {
  test.each(['eos', 'end_turn', 'STOP', 'stop_sequence', 'unknown'])(
    '%s is complete',
    async (reason) => {
      expect((await endedBy(reason)).run.status).toBe('completed');
    },
  );

  test.each([
    ['model_length', 'max_completion_tokens'],
    ['max_tokens', 'max_completion_tokens'],
    ['MAX_TOKENS', 'max_completion_tokens'],
    ['model_context_window_exceeded', 'max_completion_tokens'],
    // The API has no reason for a run whose answer was filtered.
    ['sensitive', undefined],
    ['SAFETY', undefined],
    ['refusal', undefined],
  ])('%s is incomplete (%s)', async (ending, reason) => {
    const { run } = await endedBy(ending);
    expect([run.status, run.incomplete_details?.reason]).toEqual(['incomplete', reason]);
  });

  test.each(['network_error', 'insufficient_system_resource', 'abort'])(
    '%s fails the run, or is requested again if nothing of it was shown',
    async (reason) => {
      expect((await endedBy(reason)).run.last_error?.message).toContain(reason);
      const answers = [chatStream([], reason), chatStream([{ content: 'Snow.' }])];
      const { start } = await openAt({
        chat: (__, call) => answers[call] ?? answers[0] ?? sse(''),
      });
      expect((await start()).run.status).toBe('completed');
    },
  );
});

describe('an error in a response of status 200 is read', () => {
  test.each<[string, () => Response, string]>([
    [
      'from the choice (OpenRouter)',
      () =>
        stream(
          chunk({ content: 'Sn' }, { error: { code: 502, message: 'Provider disconnected.' } }),
        ),
      'Provider disconnected.',
    ],
    [
      'from base_resp (MiniMax)',
      () =>
        Response.json({
          choices: null,
          base_resp: { status_code: 1008, status_msg: 'insufficient balance' },
        }),
      'insufficient balance',
    ],
    [
      'from base_resp in a stream',
      () =>
        stream({
          choices: null,
          base_resp: { status_code: 1008, status_msg: 'insufficient balance' },
        }),
      'insufficient balance',
    ],
    [
      'from msg',
      () => Response.json({ code: 20012, msg: 'No such model.', data: null }),
      'No such model.',
    ],
    [
      'from a list of errors (Cloudflare)',
      () =>
        Response.json({
          success: false,
          result: null,
          errors: [{ code: 7003, message: 'No route.' }],
        }),
      'No route.',
    ],
    [
      'from a list in a stream (Gemini)',
      () => stream([{ error: { code: 400, message: 'No such role.' } }]),
      'No such role.',
    ],
  ])('%s', async (_, answer, message) => {
    const { run } = await runAt(answer);
    expect([run.status, run.last_error?.message]).toEqual(['failed', message]);
  });

  test('unless it is empty', async () => {
    const { texts } = await runAt(() =>
      stream(
        { ...chunk({ content: 'Snow.' }), error: '', base_resp: { status_code: 0 } },
        { ...chunk({}, { finish_reason: 'stop' }), error: {} },
      ),
    );
    expect(texts).toEqual(['Snow.']);
  });
});

describe('a text is read', () => {
  test.each<[string, readonly object[]]>([
    ['from a list of strings', [chunk({ content: ['Sn', 'ow.'] })]],
    ['from one part', [chunk({ content: { type: 'text', text: 'Snow.' } })]],
    ['from parts without a type', [chunk({ content: [{ text: 'Snow.' }] })]],
    [
      'from parts of the Responses API',
      [chunk({ content: [{ type: 'output_text', text: 'Snow.' }] })],
    ],
    [
      'once if the whole message comes last',
      [
        chunk({ content: 'Sn' }),
        chunk({ content: 'ow.' }),
        chunk(null, { message: { role: 'assistant', content: 'Snow.' } }),
      ],
    ],
    [
      'beside empty calls',
      [
        chunk({ content: 'Sno', function_call: { name: '', arguments: '' } }),
        chunk({
          content: 'w.',
          tool_calls: [{ index: 0, id: '', type: '', function: { name: '', arguments: '' } }],
        }),
      ],
    ],
    [
      'from messages in place of deltas',
      [chunk(null, { message: { content: 'Sno' } }), chunk(null, { message: { content: 'w.' } })],
    ],
  ])('%s', async (_, chunks) => {
    const { texts } = await runAt(() => stream(...chunks, chunk({}, { finish_reason: 'stop' })));
    expect(texts).toEqual(['Snow.']);
  });
});

describe('a call is read', () => {
  const called = { name: 'get_weather', arguments: oslo };
  const piece = (call: object) => chunk({ tool_calls: [{ index: 0, id: 'call_1', ...call }] });
  test.each<[string, readonly object[]]>([
    [
      'without a list (TGI)',
      [
        chunk({ tool_calls: { index: 0, id: '', function: { ...called, arguments: '{"city":' } } }),
        chunk({ tool_calls: { index: 0, id: '', function: { name: null, arguments: '"Oslo"}' } } }),
      ],
    ],
    ['with a number as id', [piece({ id: 0, function: called })]],
    [
      'with a text as index',
      [
        piece({ index: '0', function: { ...called, arguments: '{"city":' } }),
        piece({ index: '0', id: '', function: { arguments: '"Oslo"}' } }),
      ],
    ],
    ['without a function around its fields', [piece(called)]],
    ...[
      'get_weather<|channel|>commentary',
      'get_weather<|constrain|>json',
      'assistant<|channel|>get_weather',
      'functions.get_weather',
      'functions.get_weather:0',
      'default_api.get_weather',
      ' get_weather',
    ].map((name): [string, readonly object[]] => [
      `by the name ${JSON.stringify(name)}`,
      [piece({ function: { ...called, name } })],
    ]),
    [
      'from a second choice',
      [
        {
          choices: [
            { index: 0, delta: { content: 'Let me see.' }, finish_reason: 'tool_calls' },
            { index: 1, delta: { tool_calls: [{ id: 'call_1', function: called }] } },
          ],
        },
      ],
    ],
  ])('%s', async (_, chunks) => {
    const last = chunk({}, { finish_reason: 'tool_calls' });
    const { run } = await runAt(() => stream(...chunks, last));
    expect([run.last_error, callsOf(run)]).toEqual([null, [osloCall]]);
  });

  test('of a function that the run does not have as it is', async () => {
    const unknown = piece({ function: { ...called, name: 'functions.rm' } });
    expect(callsOf((await runAt(() => stream(unknown))).run)).toEqual([['functions.rm', oslo]]);
  });
});
