import type OpenAI from 'openai';
import { expect, test } from 'vitest';
import { setup, type Harness, type HarnessOptions } from '../../support/engine.ts';
import {
  createAssistant,
  createThread,
  readMessages,
  apiErrorOf,
} from '../../support/conversation.ts';
import {
  fileCitation,
  searchResult,
  textMessage,
  searchCall,
} from '../../support/upstream-items.ts';

type Attachment = OpenAI.Beta.Threads.MessageCreateParams.Attachment;

const forSearch = (file_id: string): Attachment => ({ file_id, tools: [{ type: 'file_search' }] });
const forCode = (file_id: string): Attachment => ({
  file_id,
  tools: [{ type: 'code_interpreter' }],
});
const forSearchAndCode = (file_id: string): Attachment => ({
  file_id,
  tools: [{ type: 'file_search' }, { type: 'code_interpreter' }],
});

const messageWith = (...attachments: Attachment[]) => ({
  role: 'user' as const,
  content: 'Read this.',
  attachments,
});

async function withFiles(options: HarnessOptions = {}) {
  const harness = await setup(options);
  for (const id of ['file-a', 'file-b', 'file-c']) harness.storage.addFile(id);
  return harness;
}

const resourcesOf = async ({ openai }: Harness, id: string) =>
  (await openai.beta.threads.retrieve(id)).tool_resources;

/** Vector store id → the files in it. */
const storesOf = ({ storage }: Harness) =>
  Object.fromEntries([...storage.stores].map(([id, { files }]) => [id, [...files.keys()]]));

test('the first file_search attachment creates the thread’s vector store, and later ones are added', async () => {
  const harness = await withFiles();
  const { id } = await createThread(harness);
  const { messages } = harness.openai.beta.threads;
  const message = await messages.create(id, messageWith(forSearch('file-a')));
  expect(message.attachments).toEqual([forSearch('file-a')]);
  const resources = await resourcesOf(harness, id);
  const [store = ''] = resources?.file_search?.vector_store_ids ?? [];
  expect(harness.storage.stores.get(store)?.settings).toEqual({
    expires_after: { anchor: 'last_active_at', days: 7 },
  });
  await messages.create(
    id,
    messageWith(forSearch('file-b'), forSearch('file-c'), forSearch('file-b')),
  );
  expect(storesOf(harness)).toEqual({ [store]: ['file-a', 'file-b', 'file-c'] });
  expect(await resourcesOf(harness, id)).toEqual(resources);
});

test('attachments of initial messages are added to the thread’s resources', async () => {
  const harness = await withFiles();
  const messages = [
    messageWith(forSearch('file-a')),
    messageWith(forSearchAndCode('file-b'), forCode('file-c')),
  ];
  const thread = await harness.openai.beta.threads.create({ messages });
  const [[store, files] = []] = Object.entries(storesOf(harness));
  expect(files).toEqual(['file-a', 'file-b']);
  expect(thread.tool_resources).toEqual({
    code_interpreter: { file_ids: ['file-b', 'file-c'] },
    file_search: { vector_store_ids: [store] },
  });
});

test('attachments of initial messages are added to the vector store that the thread creates', async () => {
  const harness = await withFiles();
  const tool_resources = { file_search: { vector_stores: [{ file_ids: ['file-a'] }] } };
  const messages = [messageWith(forSearch('file-b'))];
  const { tool_resources: resources } = await harness.openai.beta.threads.create({
    messages,
    tool_resources,
  });
  const [store = ''] = resources?.file_search?.vector_store_ids ?? [];
  expect(storesOf(harness)).toEqual({ [store]: ['file-a', 'file-b'] });
});

test('an expired vector store of a thread is replaced by a new one', async () => {
  const harness = await withFiles();
  const { id } = await harness.openai.beta.threads.create({
    messages: [messageWith(forSearchAndCode('file-a'))],
  });
  const [first = ''] = harness.storage.stores.keys();
  await harness.clock.advance(7 * 86_400_000);
  await harness.openai.beta.threads.messages.create(id, messageWith(forSearch('file-b')));
  const [, second = ''] = harness.storage.stores.keys();
  expect(storesOf(harness)).toEqual({ [first]: ['file-a'], [second]: ['file-b'] });
  expect(await resourcesOf(harness, id)).toEqual({
    code_interpreter: { file_ids: ['file-a'] },
    file_search: { vector_store_ids: [second] },
  });
});

test('a deleted vector store of a thread is replaced by a new one', async () => {
  const harness = await withFiles();
  const tool_resources = { file_search: { vector_store_ids: ['vs_gone'] } };
  const { id } = await harness.openai.beta.threads.create({ tool_resources });
  await harness.openai.beta.threads.messages.create(id, messageWith(forSearch('file-a')));
  const [store = ''] = harness.storage.stores.keys();
  expect(storesOf(harness)).toEqual({ [store]: ['file-a'] });
  expect(await resourcesOf(harness, id)).toEqual({ file_search: { vector_store_ids: [store] } });
});

test('attachments of additional messages are part of the run’s resources', async () => {
  const harness = await withFiles();
  const { id: assistant_id } = await createAssistant(harness, {
    tools: [{ type: 'file_search' }],
    tool_resources: { file_search: { vector_stores: [{ file_ids: ['file-a'] }] } },
  });
  const [assistantStore = ''] = harness.storage.stores.keys();
  const { id } = await createThread(harness);
  const run = await harness.openai.beta.threads.runs.create(id, {
    assistant_id,
    additional_messages: [messageWith(forSearchAndCode('file-b'))],
  });
  const [, threadStore = ''] = harness.storage.stores.keys();
  expect(storesOf(harness)).toEqual({ [assistantStore]: ['file-a'], [threadStore]: ['file-b'] });
  expect(Reflect.get(run, 'tool_resources')).toEqual({
    code_interpreter: { file_ids: ['file-b'] },
    file_search: { vector_store_ids: [assistantStore, threadStore] },
  });
});

test('a run searches the vector stores of assistant and thread, and cites the results', async () => {
  const harness = await withFiles();
  const { id: assistant_id } = await createAssistant(harness, {
    tools: [{ type: 'file_search' }],
    tool_resources: { file_search: { vector_stores: [{ file_ids: ['file-a'] }] } },
  });
  const thread = { messages: [messageWith(forSearch('file-b'))] };
  const run = await harness.openai.beta.threads.createAndRun({ assistant_id, thread });
  harness.upstream.respondWith({
    output: [
      searchCall('sunrise', [searchResult('file-b', '06:12')]),
      textMessage('At 06:12', [fileCitation('file-b', 8)]),
    ],
  });
  await harness.runToEnd();
  const vector_store_ids = [...harness.storage.stores.keys()];
  expect(harness.upstream.sent().tools).toMatchObject([{ type: 'file_search', vector_store_ids }]);
  const [, reply] = await readMessages(harness, run.thread_id);
  expect(reply?.content).toMatchObject([
    {
      text: {
        value: 'At 06:12【0:0†file-b.txt】',
        annotations: [{ type: 'file_citation', file_citation: { file_id: 'file-b' } }],
      },
    },
  ]);
});

test('attachments of a thread that is created with a run get a vector store', async () => {
  const harness = await withFiles();
  const { id: assistant_id } = await createAssistant(harness);
  const thread = { messages: [messageWith(forSearch('file-a'))] };
  const run = await harness.openai.beta.threads.createAndRun({ assistant_id, thread });
  const [[store, files] = []] = Object.entries(storesOf(harness));
  expect(files).toEqual(['file-a']);
  expect(await resourcesOf(harness, run.thread_id)).toEqual({
    file_search: { vector_store_ids: [store] },
  });
});

test('concurrent messages with attachments create one vector store', async () => {
  const harness = await withFiles();
  const { id } = await createThread(harness);
  const files = ['file-a', 'file-b', 'file-c'];
  const { messages } = harness.openai.beta.threads;
  await Promise.all(files.map((file) => messages.create(id, messageWith(forSearch(file)))));
  const resources = await resourcesOf(harness, id);
  const [store = ''] = resources?.file_search?.vector_store_ids ?? [];
  const held = storesOf(harness);
  expect(Object.keys(held)).toEqual([store]);
  expect(held[store]?.toSorted()).toEqual(files);
  expect(await readMessages(harness, id)).toHaveLength(4);
});

test('a message with an unknown file is rejected with 404 and not saved', async () => {
  const harness = await withFiles();
  const { id } = await createThread(harness);
  const { messages } = harness.openai.beta.threads;
  const error = await apiErrorOf(messages.create(id, messageWith(forSearch('file-unknown'))));
  expect(error).toMatchObject({ status: 404, message: 'No such File object: file-unknown' });
  expect(await readMessages(harness, id)).toHaveLength(1);
  expect(await resourcesOf(harness, id)).toEqual({});
  expect(harness.storage.stores.size).toBe(0);
});

test('a message that is rejected anyway causes no request to the endpoint', async () => {
  const harness = await withFiles();
  const { id: assistant_id } = await createAssistant(harness);
  const { id } = await createThread(harness);
  const { messages, runs } = harness.openai.beta.threads;
  const run = await runs.create(id, { assistant_id });
  expect(await apiErrorOf(messages.create(id, messageWith(forSearch('file-a'))))).toMatchObject({
    status: 400,
    message: `Can't add messages to ${id} while a run ${run.id} is active.`,
  });
  const additional_messages = [messageWith(forSearch('file-a'))];
  const error = await apiErrorOf(runs.create(id, { assistant_id, additional_messages }));
  expect(error.message).toBe(`Thread ${id} already has an active run ${run.id}.`);
  expect(harness.storage.requests).toEqual([]);
});

test('a thread has at most 20 code interpreter files, without duplicates', async () => {
  const harness = await withFiles();
  const ids = Array.from({ length: 20 }, (_, index) => `file-${index}`);
  const messages = ids.map((id) => messageWith(forCode(id)));
  const { id } = await harness.openai.beta.threads.create({ messages });
  await harness.openai.beta.threads.messages.create(id, messageWith(forCode('file-19')));
  const { body } = await harness.request(
    'POST',
    `/threads/${id}/messages`,
    messageWith(forCode('file-20')),
  );
  expect(body.error).toEqual({
    message:
      "Invalid 'tool_resources.code_interpreter.file_ids': array too long. Expected an array with maximum length 20, but got an array with length 21 instead.",
    type: 'invalid_request_error',
    param: 'tool_resources.code_interpreter.file_ids',
    code: 'array_above_max_length',
  });
  expect(await resourcesOf(harness, id)).toEqual({ code_interpreter: { file_ids: ids } });
  const { data } = await harness.openai.beta.threads.messages.list(id, { limit: 100 });
  expect(data).toHaveLength(21);
});

test('without file search, an attachment is stored with its message, and runs with the tool are rejected', async () => {
  const harness = await setup({ model: 'scripted', keepsFiles: 'endpoint' });
  const { id } = await createThread(harness);
  const { messages, runs } = harness.openai.beta.threads;
  const message = await messages.create(id, messageWith(forSearch('file-a')));
  expect(message.attachments).toEqual([forSearch('file-a')]);
  expect(await resourcesOf(harness, id)).toEqual({});
  const { id: assistant_id } = await createAssistant(harness, { tools: [{ type: 'file_search' }] });
  const error = await apiErrorOf(runs.create(id, { assistant_id }));
  expect(error.message).toContain("'tools[0].type' is 'file_search'");
  expect(await runs.create(id, { assistant_id, tools: [] })).toMatchObject({ status: 'queued' });
});

test('without an API key, attachments are stored with their messages and nothing is sent to OpenAI', async () => {
  const harness = await setup({ key: null });
  const { id, tool_resources } = await harness.openai.beta.threads.create({
    messages: [messageWith(forSearch('file-a'))],
  });
  expect(tool_resources).toEqual({});
  expect((await readMessages(harness, id))[0]?.attachments).toEqual([forSearch('file-a')]);
  expect(harness.storage.requests).toEqual([]);
});
