import { describe, expect, test } from 'vitest';
import {
  errorBody,
  missingParameter,
  namedCases,
  type Case,
  unknownParameter,
  wrongType,
} from '../../support/bad-input.ts';
import { setup } from '../../support/engine.ts';
import { createThread } from '../../support/conversation.ts';

const assistant_id = 'asst_000000000000000000000000';
const runs: Case[] = [
  [{}, ...missingParameter('assistant_id')],
  [
    { assistant_id: 7 },
    wrongType('assistant_id', 'a string', 'an integer'),
    'assistant_id',
    'invalid_type',
  ],
  [{ assistant_id, thread: {} }, ...unknownParameter('thread')],
  [
    { assistant_id, max_completion_tokens: 1 },
    "Invalid 'max_completion_tokens': integer below minimum value. Expected a value >= 16, but got 1 instead.",
    'max_completion_tokens',
    'integer_below_min_value',
  ],
  [
    { assistant_id, max_prompt_tokens: 1000.5 },
    wrongType('max_prompt_tokens', 'an integer', 'a decimal number'),
    'max_prompt_tokens',
    'invalid_type',
  ],
  [
    { assistant_id, truncation_strategy: { type: 'first' } },
    "Invalid value: 'first'. Supported values are: 'auto' and 'last_messages'.",
    'truncation_strategy.type',
    'invalid_value',
  ],
  [
    { assistant_id, truncation_strategy: { type: 'last_messages', last_messages: 0 } },
    "Invalid 'truncation_strategy.last_messages': integer below minimum value. Expected a value >= 1, but got 0 instead.",
    'truncation_strategy.last_messages',
    'integer_below_min_value',
  ],
  [
    { assistant_id, tool_choice: 'always' },
    "Invalid value: 'always'. Supported values are: 'none', 'auto', and 'required'.",
    'tool_choice',
    'invalid_value',
  ],
  [
    { assistant_id, tool_choice: { type: 'function' } },
    ...missingParameter('tool_choice.function'),
  ],
  [
    { assistant_id, parallel_tool_calls: 'no' },
    wrongType('parallel_tool_calls', 'a boolean', 'a string'),
    'parallel_tool_calls',
    'invalid_type',
  ],
  [
    { assistant_id, additional_messages: [{ role: 'user' }] },
    ...missingParameter('additional_messages[0].content'),
  ],
  [
    { assistant_id, additional_messages: [{ role: 'system', content: 'x' }] },
    "Invalid value: 'system'. Supported values are: 'user' and 'assistant'.",
    'additional_messages[0].role',
    'invalid_value',
  ],
  [
    { assistant_id, stream: 'yes' },
    wrongType('stream', 'a boolean', 'a string'),
    'stream',
    'invalid_type',
  ],
  [
    { assistant_id, metadata: { a: 1 } },
    wrongType('metadata.a', 'a string', 'an integer'),
    'metadata.a',
    'invalid_type',
  ],
];

describe('POST /threads/T/runs rejects a bad body', () => {
  test.each(namedCases(runs))('%s', async (_, badRequest) => {
    const harness = await setup();
    const { id } = await createThread(harness);
    const { status, body } = await harness.request('POST', `/threads/${id}/runs`, badRequest[0]);
    expect([status, body]).toEqual([400, errorBody(badRequest)]);
  });
});
