import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { createRun, createThread, readMessages, apiErrorOf } from '../../support/conversation.ts';

test('creates a user message as completed', async () => {
  const { openai } = await setup();
  const thread = await openai.beta.threads.create();
  const message = await openai.beta.threads.messages.create(thread.id, {
    role: 'user',
    content: 'Weather in Oslo?',
  });
  expect(message).toEqual({
    id: expect.stringMatching(/^msg_[0-9A-Za-z]{24}$/u),
    object: 'thread.message',
    created_at: 1_790_000_000,
    assistant_id: null,
    thread_id: thread.id,
    run_id: null,
    status: 'completed',
    incomplete_details: null,
    incomplete_at: null,
    completed_at: 1_790_000_000,
    role: 'user',
    content: [{ type: 'text', text: { value: 'Weather in Oslo?', annotations: [] } }],
    attachments: [],
    metadata: {},
  });
  const read = await openai.beta.threads.messages.retrieve(message.id, { thread_id: thread.id });
  expect(read).toEqual(message);
});

test('keeps the order of content parts and fills in the detail of images', async () => {
  const { openai } = await setup();
  const { id } = await openai.beta.threads.create();
  const url = 'https://example.com/cat.png';
  const { content } = await openai.beta.threads.messages.create(id, {
    role: 'user',
    content: [
      { type: 'image_url', image_url: { url } },
      { type: 'text', text: 'What is this?' },
      { type: 'image_file', image_file: { file_id: 'file-cat', detail: 'low' } },
    ],
  });
  expect(content).toEqual([
    { type: 'image_url', image_url: { url, detail: 'auto' } },
    { type: 'text', text: { value: 'What is this?', annotations: [] } },
    { type: 'image_file', image_file: { file_id: 'file-cat', detail: 'low' } },
  ]);
});

test('keeps attachments and adds their files to the thread', async () => {
  const { openai } = await setup();
  const { id } = await openai.beta.threads.create();
  const attachments = [
    { file_id: 'file-a', tools: [{ type: 'code_interpreter' as const }] },
    { file_id: 'file-b', tools: [{ type: 'code_interpreter' as const }] },
  ];
  const message = await openai.beta.threads.messages.create(id, {
    role: 'user',
    content: 'See these.',
    attachments,
  });
  expect(message.attachments).toEqual(attachments);
  const { tool_resources } = await openai.beta.threads.retrieve(id);
  expect(tool_resources?.code_interpreter?.file_ids).toEqual(['file-a', 'file-b']);
});

test('modifies only the metadata of a message', async () => {
  const { openai } = await setup();
  const thread = await openai.beta.threads.create();
  const file = { file_id: 'file-a', tools: [{ type: 'code_interpreter' as const }] };
  const message = await openai.beta.threads.messages.create(thread.id, {
    role: 'user',
    content: 'hello',
    attachments: [file],
    metadata: { a: '1' },
  });
  const params = { thread_id: thread.id, metadata: { b: '2' } };
  const modified = await openai.beta.threads.messages.update(message.id, params);
  expect(modified).toEqual({ ...message, metadata: { b: '2' } });
});

test('answers 404 for a deleted message', async () => {
  const harness = await setup();
  const { id: thread_id } = await createThread(harness);
  const [message] = await readMessages(harness, thread_id);
  const id = message?.id ?? '';
  const { messages } = harness.openai.beta.threads;
  expect(await messages.delete(id, { thread_id })).toEqual({
    id,
    object: 'thread.message.deleted',
    deleted: true,
  });
  const notFound = { status: 404, message: `No message found with id '${id}'.` };
  expect(await apiErrorOf(messages.retrieve(id, { thread_id }))).toMatchObject(notFound);
  expect(await apiErrorOf(messages.update(id, { thread_id }))).toMatchObject(notFound);
  expect(await apiErrorOf(messages.delete(id, { thread_id }))).toMatchObject(notFound);
  expect(await readMessages(harness, thread_id)).toEqual([]);
});

test('answers 404 for a message of another thread', async () => {
  const harness = await setup();
  const one = await createThread(harness);
  const other = await createThread(harness);
  const [message] = await readMessages(harness, one.id);
  const id = message?.id ?? '';
  const read = harness.openai.beta.threads.messages.retrieve(id, { thread_id: other.id });
  expect(await apiErrorOf(read)).toMatchObject({
    status: 404,
    message: `No message found with id '${id}'.`,
  });
});

test('filters messages by run', async () => {
  const harness = await setup();
  harness.upstream.respondWith({});
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  const { data } = await harness.openai.beta.threads.messages.list(thread_id, { run_id: run.id });
  expect(data.map(({ role, run_id }) => [role, run_id])).toEqual([['assistant', run.id]]);
  const { data: all } = await harness.openai.beta.threads.messages.list(thread_id);
  expect(all).toHaveLength(2);
});
