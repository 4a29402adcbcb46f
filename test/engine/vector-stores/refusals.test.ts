import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';

const staticChunks = (max_chunk_size_tokens: number, chunk_overlap_tokens: number) => ({
  chunking_strategy: { type: 'static', static: { max_chunk_size_tokens, chunk_overlap_tokens } },
});

const overlap = 'chunking_strategy.static.chunk_overlap_tokens';
const chunkSize = 'chunking_strategy.static.max_chunk_size_tokens';

const refusals: readonly (readonly [body: object, message: string, param: string])[] = [
  [{ colour: 1 }, "Unknown parameter: 'colour'.", 'colour'],
  [{ name: 1 }, "Invalid type for 'name': expected a string, but got an integer instead.", 'name'],
  [
    { expires_after: { anchor: 'created_at', days: 1 } },
    "Invalid value: 'created_at'. Supported values are: 'last_active_at'.",
    'expires_after.anchor',
  ],
  [
    { expires_after: { anchor: 'last_active_at', days: 0 } },
    "Invalid 'expires_after.days': integer below minimum value. Expected a value >= 1, but got 0 instead.",
    'expires_after.days',
  ],
  [
    { expires_after: { anchor: 'last_active_at', days: 366 } },
    "Invalid 'expires_after.days': integer above maximum value. Expected a value <= 365, but got 366 instead.",
    'expires_after.days',
  ],
  [
    staticChunks(99, 0),
    `Invalid '${chunkSize}': integer below minimum value. Expected a value >= 100, but got 99 instead.`,
    chunkSize,
  ],
  [
    staticChunks(4097, 0),
    `Invalid '${chunkSize}': integer above maximum value. Expected a value <= 4096, but got 4097 instead.`,
    chunkSize,
  ],
  [
    staticChunks(100, 51),
    `Invalid '${overlap}': integer above maximum value. Expected a value <= 50, but got 51 instead.`,
    overlap,
  ],
  [
    { chunking_strategy: { type: 'semantic' } },
    "Invalid value: 'semantic'. Supported values are: 'auto' and 'static'.",
    'chunking_strategy.type',
  ],
  [{ file_ids: ['file-none'] }, "No file found with id 'file-none'.", 'file_ids[0]'],
  [
    { metadata: { a: 1 } },
    "Invalid type for 'metadata.a': expected a string, but got an integer instead.",
    'metadata.a',
  ],
];

test.each(refusals)('refuses a store of %j', async (body, message, param) => {
  const { request } = await setup({ keepsFiles: 'local' });
  const { body: answer } = await request('POST', '/vector_stores', body);
  expect(answer.error).toMatchObject({ message, param });
});

const fileRefusals: readonly (readonly [path: string, body: object, message: string])[] = [
  ['files', {}, "Missing required parameter: 'file_id'."],
  ['files', { file_id: 'file-none' }, "No file found with id 'file-none'."],
  [
    'files',
    { file_id: 'file-none', attributes: { a: null } },
    "Invalid type for 'attributes.a': expected one of a string, a decimal number or a boolean, but got null instead.",
  ],
  [
    'files',
    { file_id: 'file-none', attributes: { a: 'x'.repeat(513) } },
    "Invalid 'attributes.a': string too long. Expected a string with maximum length 512, but got a string with length 513 instead.",
  ],
  ['file_batches', {}, "Missing required parameter: 'file_ids'."],
  [
    'file_batches',
    { file_ids: [] },
    "Invalid 'file_ids': empty array. Expected an array with minimum length 1, but got an empty array instead.",
  ],
  [
    'file_batches',
    { file_ids: ['file-a'], files: [{ file_id: 'file-a' }] },
    "Mutually exclusive parameters: 'files'. Ensure you are only providing one of: 'file_ids' or 'files'.",
  ],
  [
    'file_batches',
    { files: [{ file_id: 'file-a' }], attributes: { a: 1 } },
    "Mutually exclusive parameters: 'attributes'. Ensure you are only providing one of: 'files' or 'attributes'.",
  ],
  ['file_batches', { files: [{ file_id: 'file-none' }] }, "No file found with id 'file-none'."],
];

test.each(fileRefusals)('refuses to add to %s: %j', async (path, body, message) => {
  const { request } = await setup({ keepsFiles: 'local' });
  const { body: store } = await request('POST', '/vector_stores', {});
  const { body: answer } = await request('POST', `/vector_stores/${store.id}/${path}`, body);
  expect(answer.error.message).toBe(message);
});

test.each([
  [
    'GET',
    '/vector_stores/abc',
    400,
    "Invalid 'vector_store_id': 'abc'. Expected an ID that begins with 'vs'.",
  ],
  ['GET', '/vector_stores/vs_none', 404, "No vector store found with id 'vs_none'."],
  [
    'POST',
    '/vector_stores/abc/search',
    400,
    "Invalid 'vector_store_id': 'abc'. Expected an ID that begins with 'vs'.",
  ],
  ['POST', '/vector_stores/vs_none', 404, "No vector store found with id 'vs_none'."],
  ['DELETE', '/vector_stores/vs_none', 404, "No vector store found with id 'vs_none'."],
  ['GET', '/vector_stores/vs_none/files', 404, "No vector store found with id 'vs_none'."],
  ['GET', '/vector_stores?after=vs_none', 404, "No vector store found with id 'vs_none'."],
])('answers %s %s with %s: %s', async (method, path, status, message) => {
  const { request } = await setup({ keepsFiles: 'local' });
  const answer = await request(method, path, method === 'POST' ? {} : undefined);
  expect(answer).toMatchObject({ status, body: { error: { message } } });
});

test('names a file or batch that the store does not have', async () => {
  const { request } = await setup({ keepsFiles: 'local' });
  const { body: store } = await request('POST', '/vector_stores', {});
  const messages: string[] = [];
  for (const path of ['files/abc', 'files/file-a', 'file_batches/abc', 'file_batches/vsfb_a']) {
    const { body } = await request('GET', `/vector_stores/${store.id}/${path}`);
    messages.push(body.error.message);
  }
  expect(messages).toEqual([
    "Invalid 'file_id': 'abc'. Expected an ID that begins with 'file'.",
    `No file found with id 'file-a' in vector store '${store.id}'.`,
    "Invalid 'batch_id': 'abc'. Expected an ID that begins with 'vsfb'.",
    "No file batch found with id 'vsfb_a'.",
  ]);
});
