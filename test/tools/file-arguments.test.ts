import { expect, test } from 'vitest';
import { connectTools } from '../support/mcp.ts';
import { createFakeServer } from '../support/fake-assistants-server.ts';

const filename = 'a.txt';
const maxBytes = 2 * 2 ** 20;

const eitherContent = [
  "Pass the file's content either in 'text' or in 'base64'.",
  'param: text, code: invalid_value',
] as const;

const invalidBase64 = [
  "Invalid 'base64': the value is not valid base64.",
  'param: base64, code: invalid_value',
] as const;

const tooLarge = (name: string, size: number) =>
  [
    `Invalid '${name}': file too large. Expected at most ${maxBytes} bytes, but got ${size} instead.`,
    `param: ${name}, code: file_above_max_size`,
  ] as const;

const base64Of = (length: number) => Buffer.alloc(length, 'x').toString('base64');

test.each([
  [
    'upload_file',
    { text: 'x' },
    "Missing required parameter: 'filename'.",
    'param: filename, code: missing_required_parameter',
  ],
  [
    'upload_file',
    { filename: '', text: 'x' },
    "Invalid 'filename': empty string. Expected a string with minimum length 1, but got an empty string instead.",
    'param: filename, code: empty_string',
  ],
  [
    'upload_file',
    { filename, text: 'x', purpose: 'fun' },
    "Invalid value: 'fun'. Supported values are: 'assistants', 'vision', 'user_data', 'batch', 'fine-tune', and 'evals'.",
    'param: purpose, code: invalid_value',
  ],
  ['upload_file', { filename }, ...eitherContent],
  ['upload_file', { filename, text: 'x', base64: 'eA==' }, ...eitherContent],
  ['upload_file', { filename, base64: 'data:text/plain,x' }, ...invalidBase64],
  ['upload_file', { filename, base64: 'abcde' }, ...invalidBase64],
  ['upload_file', { filename, base64: 'ab=c' }, ...invalidBase64],
  ['upload_file', { filename, text: 'x'.repeat(maxBytes + 1) }, ...tooLarge('text', maxBytes + 1)],
  ['upload_file', { filename, text: '€'.repeat(700_000) }, ...tooLarge('text', 2_100_000)],
  [
    'upload_file',
    { filename, base64: base64Of(maxBytes + 1) },
    ...tooLarge('base64', maxBytes + 1),
  ],
  [
    'list_files',
    { limit: 101 },
    "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.",
    'param: limit, code: integer_above_max_value',
  ],
  [
    'list_files',
    { before: 'file-a' },
    "Unknown parameter: 'before'.",
    'param: before, code: unknown_parameter',
  ],
  [
    'get_file',
    { file_id: '..' },
    "Invalid 'file_id': '..'. Expected an ID that begins with 'file'.",
    'param: file_id, code: invalid_value',
  ],
  [
    'get_file_content',
    { file_id: 'file-a', offset: -1 },
    "Invalid 'offset': integer below minimum value. Expected a value >= 0, but got -1 instead.",
    'param: offset, code: integer_below_min_value',
  ],
  [
    'delete_file',
    {},
    "Missing required parameter: 'file_id'.",
    'param: file_id, code: missing_required_parameter',
  ],
])('%s rejects %o', async (tool, args, message, details) => {
  const server = createFakeServer({});
  const host = await connectTools({ openai: server.openai });
  const { failed, text } = await host.call(tool, args);
  expect({ failed, text }).toEqual({ failed: true, text: `${message}\n(${details})` });
  expect(server.requestLines).toEqual([]);
});

test('upload_file accepts exactly 2 MiB as text and as base64', async () => {
  const server = createFakeServer({ 'POST /files': { id: 'file-a' } });
  const host = await connectTools({ openai: server.openai });
  for (const content of [{ text: 'x'.repeat(maxBytes) }, { base64: base64Of(maxBytes) }]) {
    expect((await host.call('upload_file', { filename, ...content })).object.id).toBe('file-a');
  }
});
