import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { textOfLength } from '../support/bad-input.ts';
import { createThreadState, withIds, type Row } from '../support/catalogue.ts';
import { setup } from '../support/engine.ts';
import { temporary } from '../support/temporary-files.ts';
import { invalidPaths, invalidValues, missingObjects } from './catalogue-rows.ts';

/*
 * The error catalogue of contract §2.2: for each row one request and its full response. This engine
 * never responds with these rows:
 * - 1 and 2 (beta header missing, or of v1): the header is optional and either version is accepted.
 * - 8 (file of a vector store): vector stores, with their errors, are the model endpoint's.
 * - 27 (model not allowed): any model is sent to the endpoint, whose error fails the run.
 * - 36 and 37 (no key, wrong key): `serve` checks tokens, before the engine.
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

const activeStatuses = ['queued', 'in_progress', 'requires_action', 'cancelling'] as const;
const endedStatuses = ['completed', 'cancelled', 'failed', 'expired'] as const;

const stateErrors: Row[] = [
  ...activeStatuses.map((state): Row => [
    28,
    `adding a message while a run is ${state}`,
    messages,
    [400, "Can't add messages to T while a run R is active."],
    state,
  ]),
  ...activeStatuses.map((state): Row => [
    29,
    `creating a run while a run is ${state}`,
    runs,
    [400, 'Thread T already has an active run R.'],
    state,
  ]),
  [
    30,
    'creating a run on a thread without messages',
    runs,
    [
      400,
      'Run creation requires a Thread with a user message or an assistant with instructions.',
      null,
      'invalid_thread',
    ],
    'no message',
  ],
  ...(['cancelling', ...endedStatuses] as const).map((state): Row => [
    31,
    `cancelling a ${state} run`,
    cancel,
    [400, `Cannot cancel run with status '${state}'.`],
    state,
  ]),
  ...(['queued', 'in_progress', 'cancelling'] as const).map((state): Row => [
    32,
    `updating a ${state} run`,
    update,
    [400, `Cannot update run with status '${state}'.`],
    state,
  ]),
  ...(['queued', 'in_progress', 'cancelling', ...endedStatuses] as const).map((state): Row => [
    33,
    `submitting outputs to a ${state} run`,
    outputs('call_a', 'call_b'),
    [400, `Runs in status "${state}" do not accept tool outputs.`],
    state,
  ]),
  [
    34,
    'submitting too few outputs',
    outputs('call_a'),
    [400, "Expected tool outputs for call_ids ['call_a', 'call_b'], got ['call_a']"],
    'requires_action',
  ],
  [
    34,
    'submitting an output of an unknown call',
    outputs('call_b', 'call_z'),
    [400, "Expected tool outputs for call_ids ['call_a', 'call_b'], got ['call_b', 'call_z']"],
    'requires_action',
  ],
  [
    35,
    'submitting outputs that are too large',
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

const table = [...missingObjects, ...invalidPaths, ...invalidValues, ...stateErrors];

describe('error catalogue', () => {
  test.each(table)(
    'answers row %i to %s',
    async (_, __, [method, path, body], expected, state = 'no run') => {
      const harness = await setup();
      const ids = await createThreadState(harness, state);
      const text = typeof body === 'object' ? JSON.stringify(body) : body;
      const sent = typeof text === 'string' ? withIds(text, ids) : undefined;
      const { status, body: received } = await harness.request(method, withIds(path, ids), sent);
      const [expectedStatus, message, param = null, code = null] = expected;
      expect([status, received]).toEqual([
        expectedStatus,
        {
          error: { message: withIds(message, ids), type: 'invalid_request_error', param, code },
        },
      ]);
    },
  );

  test('answers row 38 to a request that fails in the database', async () => {
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

  test('covers every row that is not excluded above', () => {
    const excluded = [1, 2, 8, 27, 36, 37, 38];
    const covered = new Set([...table.map(([row]) => row), ...excluded]);
    expect([...covered].toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
  });
});
