import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { textOfLength } from '../support/bad-input.ts';
import { createThreadState, withIds, type Row } from '../support/catalogue.ts';
import { setup } from '../support/engine.ts';
import { temporary } from '../support/temporary-files.ts';
import { absent, paths, values } from './catalogue-rows.ts';

/*
 * The error catalogue of contract §2.2, row by row, each by one request and its whole answer.
 * Rows that this engine does not answer with:
 * - 1 and 2 (beta header missing, or of v1): no header is asked for and either version is taken.
 * - 8 (file of a vector store): vector stores are the model endpoint's, and so are their errors; a
 *   file is looked for in a message only.
 * - 27 (model not allowed): any model goes to the endpoint, whose refusal fails the run.
 * - 36 and 37 (no key, bad key): whoever asks for a token answers them, which is `serve`.
 */

const runs: Row[2] = ['POST', '/threads/T/runs', { assistant_id: 'A' }];
const messages: Row[2] = ['POST', '/threads/T/messages', { role: 'user', content: 'Hi.' }];
const cancel: Row[2] = ['POST', '/threads/T/runs/R/cancel'];
const update: Row[2] = ['POST', '/threads/T/runs/R', { metadata: {} }];
const outputs = (...ids: string[]): Row[2] => [
  'POST',
  '/threads/T/runs/R/submit_tool_outputs',
  { tool_outputs: ids.map((tool_call_id) => ({ tool_call_id, output: '' })) },
];

const live = ['queued', 'in_progress', 'requires_action', 'cancelling'] as const;
const over = ['completed', 'cancelled', 'failed', 'expired'] as const;

const states: Row[] = [
  ...live.map((world): Row => [
    28,
    `message while a run is ${world}`,
    messages,
    [400, "Can't add messages to T while a run R is active."],
    world,
  ]),
  ...live.map((world): Row => [
    29,
    `run while a run is ${world}`,
    runs,
    [400, 'Thread T already has an active run R.'],
    world,
  ]),
  [
    30,
    'run on nothing',
    runs,
    [
      400,
      'Run creation requires a Thread with a user message or an assistant with instructions.',
      null,
      'invalid_thread',
    ],
    'silent',
  ],
  ...(['cancelling', ...over] as const).map((world): Row => [
    31,
    `cancel of a ${world} run`,
    cancel,
    [400, `Cannot cancel run with status '${world}'.`],
    world,
  ]),
  ...(['queued', 'in_progress', 'cancelling'] as const).map((world): Row => [
    32,
    `change of a ${world} run`,
    update,
    [400, `Cannot update run with status '${world}'.`],
    world,
  ]),
  ...(['queued', 'in_progress', 'cancelling', ...over] as const).map((world): Row => [
    33,
    `outputs for a ${world} run`,
    outputs('call_a', 'call_b'),
    [400, `Runs in status "${world}" do not accept tool outputs.`],
    world,
  ]),
  [
    34,
    'an output missing',
    outputs('call_a'),
    [400, "Expected tool outputs for call_ids ['call_a', 'call_b'], got ['call_a']"],
    'requires_action',
  ],
  [
    34,
    'an output of something else',
    outputs('call_b', 'call_z'),
    [400, "Expected tool outputs for call_ids ['call_a', 'call_b'], got ['call_b', 'call_z']"],
    'requires_action',
  ],
  [
    35,
    'outputs too large',
    [
      'POST',
      '/threads/T/runs/R/submit_tool_outputs',
      { tool_outputs: [{ tool_call_id: 'call_a', output: textOfLength(512 * 1024) }] },
    ],
    [
      400,
      "'tool_outputs' too large: the combined tool outputs must be less than 512kb.",
      'tool_outputs',
      'invalid_value',
    ],
    'requires_action',
  ],
];

const table = [...absent, ...paths, ...values, ...states];

describe('the error catalogue', () => {
  test.each(table)('row %i: %s', async (_, __, [method, path, body], answer, world = 'no run') => {
    const harness = await setup();
    const letters = await createThreadState(harness, world);
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const sent = typeof text === 'string' ? withIds(text, letters) : undefined;
    const { status, body: got } = await harness.request(method, withIds(path, letters), sent);
    const [wanted, message, param = null, code = null] = answer;
    expect([status, got]).toEqual([
      wanted,
      {
        error: { message: withIds(message, letters), type: 'invalid_request_error', param, code },
      },
    ]);
  });

  test('row 38: server fault', async () => {
    const database = temporary();
    const harness = await setup({ database });
    const connection = new DatabaseSync(database);
    connection.exec('drop table assistants');
    connection.close();
    const { status, body } = await harness.request('GET', '/assistants');
    expect([status, body]).toEqual([
      500,
      {
        error: {
          message: 'The server had an error processing your request. Sorry about that!',
          type: 'server_error',
          param: null,
          code: null,
        },
      },
    ]);
  });

  test('has no row that is neither here nor explained above', () => {
    const elsewhere = [1, 2, 8, 27, 36, 37, 38];
    const rows = new Set([...table.map(([row]) => row), ...elsewhere]);
    expect([...rows].toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
  });
});
