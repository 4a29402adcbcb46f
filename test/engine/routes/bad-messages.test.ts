import { describe, expect, test } from 'vitest';
import {
  errorBody,
  textOfLength,
  missingParameter,
  namedCases,
  tooLong,
  type Case,
  unknownParameter,
  wrongType,
} from '../../support/bad-input.ts';
import { setup } from '../../support/engine.ts';

const user = { role: 'user', content: 'x' };
const messages: Case[] = [
  [{}, ...missingParameter('role')],
  [{ role: 'user' }, ...missingParameter('content')],
  [
    { ...user, role: 'human' },
    "Invalid value: 'human'. Supported values are: 'user' and 'assistant'.",
    'role',
    'invalid_value',
  ],
  [{ ...user, role: 1 }, wrongType('role', 'a string', 'an integer'), 'role', 'invalid_type'],
  [
    { role: 'user', content: textOfLength(256_001) },
    tooLong('content', 256_000, 256_001),
    'content',
    'string_above_max_length',
  ],
  [
    { role: 'user', content: [] },
    "Invalid 'content': empty array. Expected an array with minimum length 1, but got an empty array instead.",
    'content',
    'empty_array',
  ],
  [
    { role: 'user', content: [{ type: 'audio' }] },
    "Invalid value: 'audio'. Supported values are: 'text', 'image_url', and 'image_file'.",
    'content[0].type',
    'invalid_value',
  ],
  [{ role: 'user', content: [{ type: 'text' }] }, ...missingParameter('content[0].text')],
  [
    { role: 'user', content: [{ type: 'text', text: { value: 'x' } }] },
    wrongType('content[0].text', 'a string', 'an object'),
    'content[0].text',
    'invalid_type',
  ],
  [
    { role: 'user', content: [{ type: 'image_url', image_url: {} }] },
    ...missingParameter('content[0].image_url.url'),
  ],
  [
    { role: 'user', content: [{ type: 'image_url', image_url: { url: 'u', detail: 'max' } }] },
    "Invalid value: 'max'. Supported values are: 'auto', 'low', and 'high'.",
    'content[0].image_url.detail',
    'invalid_value',
  ],
  [{ ...user, attachments: [{ tools: [] }] }, ...missingParameter('attachments[0].file_id')],
  [{ ...user, attachments: [{ file_id: 'file-a' }] }, ...missingParameter('attachments[0].tools')],
  [{ ...user, files: ['file-a'] }, ...unknownParameter('files')],
  [
    { ...user, file_ids: Array(11).fill('file-a') },
    "Invalid 'file_ids': array too long. Expected an array with maximum length 10, but got an array with length 11 instead.",
    'file_ids',
    'array_above_max_length',
  ],
];

describe('an invalid message, added to a thread or created with it', () => {
  test.each(namedCases(messages))('answers 400: %s', async (_, invalid) => {
    const harness = await setup();
    const { id } = await harness.openai.beta.threads.create();
    const added = await harness.request('POST', `/threads/${id}/messages`, invalid[0]);
    expect([added.status, added.body]).toEqual([400, errorBody(invalid)]);
    const created = await harness.request('POST', '/threads', { messages: [invalid[0]] });
    expect(created.status).toBe(400);
    expect(created.body.error).toMatchObject({
      code: invalid[3],
      param: `messages[0].${invalid[2]}`,
    });
  });
});
