import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import {
  createAssistant,
  createRun,
  createThread,
  readMessages,
  apiErrorOf,
  textOf,
} from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';

test.each([undefined, '', {}])('creates a thread from the body %j', async (body) => {
  const { request } = await setup();
  const { status, body: thread } = await request('POST', '/threads', body);
  expect(status).toBe(200);
  expect(thread).toEqual({
    id: expect.stringMatching(/^thread_[0-9A-Za-z]{24}$/u),
    object: 'thread',
    created_at: 1_790_000_000,
    metadata: {},
    tool_resources: {},
  });
});

test('creates a thread with its first messages in order', async () => {
  const harness = await setup();
  const thread = await harness.openai.beta.threads.create({
    messages: [
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'two', metadata: { by: 'hand' } },
      { role: 'user', content: [{ type: 'text', text: 'three' }] },
    ],
    metadata: { topic: 'counting' },
  });
  const messages = await readMessages(harness, thread.id);
  expect(messages.map(textOf)).toEqual(['one', 'two', 'three']);
  expect(messages[1]).toMatchObject({
    role: 'assistant',
    assistant_id: null,
    run_id: null,
    metadata: { by: 'hand' },
  });
  expect(thread.metadata).toEqual({ topic: 'counting' });
});

test('modifies metadata and tool resources, and keeps absent ones', async () => {
  const { openai } = await setup();
  const thread = await openai.beta.threads.create({ metadata: { a: '1' } });
  const files = { code_interpreter: { file_ids: ['file-a'] } };
  const modified = await openai.beta.threads.update(thread.id, { tool_resources: files });
  expect(modified).toEqual({ ...thread, tool_resources: files });
  const renamed = await openai.beta.threads.update(thread.id, { metadata: { b: '2' } });
  expect(renamed).toEqual({ ...modified, metadata: { b: '2' } });
  expect(await openai.beta.threads.retrieve(thread.id)).toEqual(renamed);
});

test('deletes a thread with its messages, runs and steps', async () => {
  const harness = await setup();
  harness.upstream.respondWith({});
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  const [message] = await readMessages(harness, thread_id);
  expect(await harness.openai.beta.threads.delete(thread_id)).toEqual({
    id: thread_id,
    object: 'thread.deleted',
    deleted: true,
  });
  const { threads } = harness.openai.beta;
  const notFound = { status: 404, message: `No thread found with id '${thread_id}'.` };
  expect(await apiErrorOf(threads.retrieve(thread_id))).toMatchObject(notFound);
  expect(await apiErrorOf(threads.delete(thread_id))).toMatchObject(notFound);
  expect(await apiErrorOf(threads.runs.retrieve(run.id, { thread_id }))).toMatchObject(notFound);
  expect(await apiErrorOf(threads.runs.steps.list(run.id, { thread_id }))).toMatchObject(notFound);
  expect(await apiErrorOf(threads.messages.list(thread_id))).toMatchObject(notFound);
  const read = threads.messages.retrieve(message?.id ?? '', { thread_id });
  expect(await apiErrorOf(read)).toMatchObject(notFound);
});

test('stops the run of a deleted thread', async () => {
  const harness = await setup();
  const gate = createGate();
  harness.upstream.respondWith({ gate });
  const { thread_id } = await createRun(harness);
  await harness.engine.tick();
  await gate.reached;
  await harness.openai.beta.threads.delete(thread_id);
  await harness.engine.idle();
  expect(harness.upstream.requests[0]?.signal?.aborted).toBe(true);
  const { status } = await harness.request('GET', `/threads/${thread_id}`);
  expect(status).toBe(404);
});

test('lists threads in pages, newest first', async () => {
  const harness = await setup();
  const first = await createThread(harness);
  await harness.clock.advance(1000);
  const second = await createThread(harness);
  const third = await createThread(harness);
  const { status, body } = await harness.request('GET', '/threads?limit=2');
  expect(status).toBe(200);
  expect(body).toMatchObject({ first_id: third.id, last_id: second.id, has_more: true });
  const nextPage = await harness.request('GET', `/threads?after=${second.id}`);
  expect(nextPage.body).toMatchObject({ data: [first], has_more: false });
});

test('keeps runs readable after their assistant was deleted', async () => {
  const harness = await setup();
  harness.upstream.respondWith({});
  const { run, thread_id, assistant_id } = await createRun(harness);
  await harness.runToEnd();
  await harness.openai.beta.assistants.delete(assistant_id);
  const read = await harness.openai.beta.threads.runs.retrieve(run.id, { thread_id });
  expect(read).toMatchObject({ status: 'completed', assistant_id });
  const other = await createAssistant(harness);
  expect(other.id).not.toBe(assistant_id);
});
