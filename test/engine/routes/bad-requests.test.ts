import { describe, expect, test } from 'vitest';
import { errorBody, namedCases, type Case, wrongType } from '../../support/bad-input.ts';
import { setup } from '../../support/engine.ts';

const queries: Case[] = [
  [
    'limit=101',
    "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.",
    'limit',
    'integer_above_max_value',
  ],
  [
    'limit=0',
    "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got 0 instead.",
    'limit',
    'integer_below_min_value',
  ],
  [
    'limit=99999999999999999999',
    "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 100000000000000000000 instead.",
    'limit',
    'integer_above_max_value',
  ],
  [
    'limit=-99999999999999999999',
    "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got -100000000000000000000 instead.",
    'limit',
    'integer_below_min_value',
  ],
  ['limit=ten', wrongType('limit', 'an integer', 'a string'), 'limit', 'invalid_type'],
  ['limit=1.5', wrongType('limit', 'an integer', 'a decimal number'), 'limit', 'invalid_type'],
  [
    'order=up',
    "Invalid value: 'up'. Supported values are: 'asc' and 'desc'.",
    'order',
    'invalid_value',
  ],
];

const bodies: Case[] = [
  ['[{}]', 'Invalid type: expected an object, but got an array instead.', null, 'invalid_type'],
  ['"text"', 'Invalid type: expected an object, but got a string instead.', null, 'invalid_type'],
  ['1', 'Invalid type: expected an object, but got an integer instead.', null, 'invalid_type'],
];

describe('the query of a list', () => {
  test.each(namedCases(queries))('answers 400: %s', async (_, invalid) => {
    const harness = await setup();
    const { id } = await harness.openai.beta.threads.create();
    const lists = ['/assistants', '/threads', `/threads/${id}/messages`, `/threads/${id}/runs`];
    for (const list of lists) {
      const { status, body } = await harness.request('GET', `${list}?${String(invalid[0])}`);
      expect([list, status, body]).toEqual([list, 400, errorBody(invalid)]);
    }
  });
});

describe('a body that is not an object', () => {
  test.each(namedCases(bodies))('answers 400: %s', async (_, invalid) => {
    const { request } = await setup();
    const { status, body } = await request('POST', '/assistants', invalid[0]);
    expect([status, body]).toEqual([400, errorBody(invalid)]);
  });

  test.each(['{"model":', '{model:1}', '\u0000', 'model=gpt'])(
    'answers 400 for a body that is not JSON: %s',
    async (text) => {
      const { request } = await setup();
      const { status, body } = await request('POST', '/assistants', text);
      expect(status).toBe(400);
      expect(body.error.message).toMatch(/^We could not parse the JSON body of your request\./u);
      expect(body.error).toMatchObject({ type: 'invalid_request_error', param: null, code: null });
    },
  );

  test.each([undefined, 'null', '[]'])(
    'names the missing parameter of a request with the body %j',
    async (text) => {
      const { request } = await setup();
      const { status, body } = await request('POST', '/assistants', text);
      expect(status).toBe(400);
      expect(body.error.message).toBe("Missing required parameter: 'model'.");
    },
  );
});

test('rejects a thread with both vector_stores and vector_store_ids', async () => {
  const { request } = await setup();
  const file_search = { vector_store_ids: ['vs_1'], vector_stores: [{ file_ids: ['file-a'] }] };
  const { status, body } = await request('POST', '/threads', { tool_resources: { file_search } });
  expect(status).toBe(400);
  expect(body.error.message).toContain('vector_stores');
});
