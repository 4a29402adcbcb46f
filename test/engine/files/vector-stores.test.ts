import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { createAssistant, readMessages, apiErrorOf } from '../../support/conversation.ts';

const chunking_strategy = {
  type: 'static' as const,
  static: { max_chunk_size_tokens: 400, chunk_overlap_tokens: 100 },
};
const expiresAfterAWeek = { anchor: 'last_active_at', days: 7 };

const newStoreWith = (...file_ids: string[]) => ({
  file_search: { vector_stores: [{ file_ids }] },
});
const existingStore = (id: string) => ({ file_search: { vector_store_ids: [id] } });

async function withFiles() {
  const harness = await setup();
  for (const id of ['file-a', 'file-b']) harness.storage.addFile(id);
  /** The only vector store. */
  const onlyStore = () => {
    const [only, ...others] = harness.storage.stores.values();
    if (only === undefined || others.length > 0)
      throw new Error('there is not exactly one vector store');
    return { ...only, files: [...only.files.keys()] };
  };
  return { ...harness, onlyStore };
}

test('creating an assistant creates its vector store, and the assistant has only the store’s id', async () => {
  const harness = await withFiles();
  const metadata = { topic: 'sun' };
  const assistant = await createAssistant(harness, {
    tools: [{ type: 'file_search' }],
    tool_resources: {
      code_interpreter: { file_ids: ['file-x'] },
      file_search: {
        vector_stores: [{ file_ids: ['file-a', 'file-b'], chunking_strategy, metadata }],
      },
    },
  });
  const { id, files, settings } = harness.onlyStore();
  expect(assistant.tool_resources).toEqual({
    code_interpreter: { file_ids: ['file-x'] },
    ...existingStore(id),
  });
  expect(files).toEqual(['file-a', 'file-b']);
  expect(settings).toEqual({ chunking_strategy, metadata });
  expect(await harness.openai.beta.assistants.retrieve(assistant.id)).toEqual(assistant);
});

test('a vector store of a thread expires seven days after its last use', async () => {
  const harness = await withFiles();
  const thread = await harness.openai.beta.threads.create({
    tool_resources: newStoreWith('file-a'),
  });
  const { id, settings } = harness.onlyStore();
  expect(thread.tool_resources).toEqual(existingStore(id));
  expect(settings).toEqual({ expires_after: expiresAfterAWeek });
});

test('a thread that is created with a run can create a vector store', async () => {
  const harness = await withFiles();
  const { id: assistant_id } = await createAssistant(harness);
  const thread = {
    messages: [{ role: 'user' as const, content: 'When is sunrise?' }],
    tool_resources: newStoreWith('file-a'),
  };
  const run = await harness.openai.beta.threads.createAndRun({ assistant_id, thread });
  expect(Reflect.get(run, 'tool_resources')).toEqual(existingStore(harness.onlyStore().id));
});

test('a vector store can be created without files', async () => {
  const harness = await withFiles();
  await harness.openai.beta.threads.create({
    tool_resources: { file_search: { vector_stores: [{}] } },
  });
  expect(harness.onlyStore().files).toEqual([]);
});

test('files beyond the endpoint’s limit of 500 are added in batches', async () => {
  const harness = await withFiles();
  const ids = Array.from({ length: 1201 }, (_, index) => `file-${index}`);
  for (const id of ids) harness.storage.addFile(id);
  await harness.openai.beta.threads.create({ tool_resources: newStoreWith(...ids) });
  expect(harness.onlyStore().files).toEqual(ids);
  expect(harness.storage.requests.map((request) => request.replace(/vs_\w+/u, '…'))).toEqual([
    'POST /vector_stores',
    'POST /vector_stores/…/file_batches',
    'POST /vector_stores/…/file_batches',
  ]);
});

test('nothing is saved if the endpoint rejects the vector store', async () => {
  const harness = await withFiles();
  const { threads, assistants } = harness.openai.beta;
  const tool_resources = newStoreWith('file-unknown');
  const expected = {
    status: 404,
    type: 'invalid_request_error',
    message: 'No such File object: file-unknown',
  };
  const messages = [{ role: 'user' as const, content: 'Hello?' }];
  expect(await apiErrorOf(threads.create({ messages, tool_resources }))).toMatchObject(expected);
  expect(await apiErrorOf(createAssistant(harness, { tool_resources }))).toMatchObject(expected);
  expect((await harness.request('GET', '/threads')).body.data).toEqual([]);
  expect((await assistants.list()).data).toEqual([]);
});

test('a vector store is deleted if adding files to it fails', async () => {
  const harness = await withFiles();
  const ids = Array.from({ length: 500 }, (_, index) => `file-${index}`);
  for (const id of ids) harness.storage.addFile(id);
  const tool_resources = newStoreWith(...ids, 'file-unknown');
  await apiErrorOf(harness.openai.beta.threads.create({ tool_resources }));
  expect(harness.storage.stores.size).toBe(0);
});

test('a vector store is deleted if the request that created it is rejected', async () => {
  const harness = await withFiles();
  const params = {
    assistant_id: 'asst_unknown000000000000000',
    thread: { tool_resources: newStoreWith('file-a') },
  };
  expect(await apiErrorOf(harness.openai.beta.threads.createAndRun(params))).toMatchObject({
    status: 404,
    message: "No assistant found with id 'asst_unknown000000000000000'.",
  });
  expect(harness.storage.stores.size).toBe(0);
  expect((await harness.request('GET', '/threads')).body.data).toEqual([]);
});

test.each([
  ['/threads', '', {}],
  ['/assistants', '', { model: 'm' }],
])('POST %s rejects vector_store_ids together with vector_stores', async (path, _, fields) => {
  const harness = await withFiles();
  const file_search = { vector_store_ids: ['vs_1'], vector_stores: [{}] };
  const { status, body } = await harness.request('POST', path, {
    ...fields,
    tool_resources: { file_search },
  });
  expect([status, body.error]).toEqual([
    400,
    {
      message:
        "Mutually exclusive parameters: 'tool_resources.file_search.vector_stores'. Ensure you are only providing one of: 'vector_stores' or 'vector_store_ids'.",
      type: 'invalid_request_error',
      param: 'tool_resources.file_search.vector_stores',
      code: 'mutually_exclusive_parameters',
    },
  ]);
  expect(harness.storage.requests).toEqual([]);
});

const twoStores = { file_search: { vector_stores: [{}, {}] } };

test.each([
  ['POST', '/threads', { tool_resources: twoStores }, 'tool_resources'],
  ['POST', '/assistants', { model: 'm', tool_resources: twoStores }, 'tool_resources'],
  [
    'POST',
    '/threads/runs',
    { assistant_id: 'asst_1', thread: { tool_resources: twoStores } },
    'thread.tool_resources',
  ],
])('%s %s rejects more than one new vector store', async (method, path, body, param) => {
  const harness = await withFiles();
  const response = await harness.request(method, path, body);
  expect([response.status, response.body.error.param, response.body.error.message]).toEqual([
    400,
    `${param}.file_search.vector_stores`,
    `Invalid '${param}.file_search.vector_stores': array too long. Expected an array with maximum length 1, but got an array with length 2 instead.`,
  ]);
});

test('modifying a thread rejects vector_stores', async () => {
  const harness = await withFiles();
  const { id } = await harness.openai.beta.threads.create();
  const { body } = await harness.request('POST', `/threads/${id}`, {
    tool_resources: newStoreWith('file-a'),
  });
  expect(body.error).toMatchObject({
    message: "Unknown parameter: 'tool_resources.file_search.vector_stores'.",
    code: 'unknown_parameter',
  });
});

test.each([
  ['', '/threads', {}],
  ['', '/assistants', { model: 'm' }],
  ['thread.', '/threads/runs', { assistant_id: 'asst_1' }],
])(
  'the scripted model without files rejects %svector_stores in POST %s',
  async (prefix, path, fields) => {
    const harness = await setup({ model: 'scripted', keepsFiles: 'endpoint' });
    const toolResources = { tool_resources: newStoreWith('file-a') };
    const body =
      prefix === '' ? { ...fields, ...toolResources } : { ...fields, thread: toolResources };
    const response = await harness.request('POST', path, body);
    const param = `${prefix}tool_resources.file_search.vector_stores`;
    expect([response.status, response.body.error]).toEqual([
      400,
      {
        message: `'${param}' is not supported because no vector stores are available. Leave it out.`,
        type: 'invalid_request_error',
        param,
        code: 'unsupported_parameter',
      },
    ]);
  },
);

test('an API key that the endpoint rejects is redacted in errors', async () => {
  const harness = await setup({ key: 'sk-wrong-0123456789abcdef' });
  const error = await apiErrorOf(
    harness.openai.beta.threads.create({ tool_resources: newStoreWith('file-a') }),
  );
  expect(error).toEqual({
    status: 500,
    type: 'server_error',
    code: null,
    param: null,
    message:
      'The request to the model endpoint failed: Incorrect API key provided: Bearer [redacted]',
  });
  expect(harness.logLines.join('')).not.toContain('sk-wrong');
});

test('a thread that creates a vector store keeps its initial messages', async () => {
  const harness = await withFiles();
  const messages = [{ role: 'user' as const, content: 'Hello?' }];
  const { id } = await harness.openai.beta.threads.create({
    messages,
    tool_resources: newStoreWith('file-a'),
  });
  expect(await readMessages(harness, id)).toHaveLength(1);
});
