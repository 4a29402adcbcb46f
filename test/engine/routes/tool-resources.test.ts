import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { createAssistant, createThread } from '../../support/conversation.ts';
import { textMessage } from '../../support/upstream-items.ts';

const stores = (id: string) => ({ file_search: { vector_store_ids: [id] } });
const code = (...file_ids: string[]) => ({ code_interpreter: { file_ids } });

test('stores the tool resources of assistants and threads', async () => {
  const harness = await setup();
  const { assistants, threads } = harness.openai.beta;
  const assistant = await createAssistant(harness, {
    tools: [{ type: 'file_search' }],
    tool_resources: stores('vs_1'),
  });
  expect(assistant.tool_resources).toEqual(stores('vs_1'));
  const replaced = await assistants.update(assistant.id, { tool_resources: stores('vs_2') });
  expect(replaced.tool_resources).toEqual(stores('vs_2'));
  const thread = await threads.create({ tool_resources: stores('vs_3') });
  expect((await threads.retrieve(thread.id)).tool_resources).toEqual(stores('vs_3'));
});

test('modifies the resources of one tool and keeps those of the other', async () => {
  const harness = await setup();
  const { assistants, threads } = harness.openai.beta;
  const both = { ...stores('vs_1'), ...code('file-a') };
  const assistant = await createAssistant(harness, { tool_resources: both });
  const thread = await threads.create({ tool_resources: both });
  for (const [kind, { id }] of [[assistants, assistant] as const, [threads, thread] as const]) {
    const update = async (tool_resources: typeof both | ReturnType<typeof code> | null) =>
      (await kind.update(id, { tool_resources })).tool_resources;
    expect(await update(code('file-b'))).toEqual({ ...both, ...code('file-b') });
    expect(await update(code())).toEqual({ ...both, ...code() });
    expect(await update(null)).toEqual({});
  }
});

test('returns code_interpreter before file_search, whichever was set first', async () => {
  const harness = await setup();
  const { threads } = harness.openai.beta;
  const { id } = await threads.create({ tool_resources: stores('vs_1') });
  const { tool_resources } = await threads.update(id, { tool_resources: code('file-a') });
  expect(Object.keys(tool_resources ?? {})).toEqual(['code_interpreter', 'file_search']);
});

test('gives a run the resources of its assistant and its thread', async () => {
  const harness = await setup();
  const { id: assistant_id } = await createAssistant(harness, {
    tool_resources: { code_interpreter: { file_ids: ['file-a', 'file-b'] } },
  });
  const { id } = await createThread(harness);
  await harness.openai.beta.threads.update(id, {
    tool_resources: { code_interpreter: { file_ids: ['file-b', 'file-c'] } },
  });
  const run = await harness.openai.beta.threads.runs.create(id, { assistant_id });
  expect(Reflect.get(run, 'tool_resources')).toEqual({
    code_interpreter: { file_ids: ['file-a', 'file-b', 'file-c'] },
  });
});

test('gives a run its own resources instead of its assistant’s, for itself only', async () => {
  const harness = await setup();
  const { threads } = harness.openai.beta;
  const { id: assistant_id } = await createAssistant(harness, {
    tools: [{ type: 'code_interpreter' }],
    tool_resources: code('file-a'),
  });
  const { id } = await createThread(harness);
  await threads.update(id, { tool_resources: code('file-b') });
  const body = { assistant_id, tool_resources: code('file-c') };
  const run = await threads.runs.create(id, body);
  expect(Reflect.get(run, 'tool_resources')).toEqual(code('file-c', 'file-b'));
  harness.upstream.respondWith({ output: [textMessage('Done.')] });
  await harness.runToEnd();
  const [request] = harness.upstream.requests;
  expect(request?.body.tools).toMatchObject([{ container: { file_ids: ['file-c', 'file-b'] } }]);
  expect((await threads.retrieve(id)).tool_resources).toEqual(code('file-b'));
  const unset = { assistant_id, tool_resources: null };
  const next = await threads.runs.create(id, unset);
  expect(Reflect.get(next, 'tool_resources')).toEqual(code('file-a', 'file-b'));
});

test('refuses to create a vector store for a run', async () => {
  const harness = await setup();
  const { id: assistant_id } = await createAssistant(harness);
  const { id } = await createThread(harness);
  const tool_resources = { file_search: { vector_stores: [{ file_ids: ['file-a'] }] } };
  const run = { assistant_id, tool_resources };
  const { status, body } = await harness.request('POST', `/threads/${id}/runs`, run);
  expect([status, body.error.message]).toEqual([
    400,
    "Unknown parameter: 'tool_resources.file_search.vector_stores'.",
  ]);
});

test('gives a run created with its thread the resources of the request', async () => {
  const harness = await setup();
  const { id: assistant_id } = await createAssistant(harness);
  const tool_resources = { code_interpreter: { file_ids: ['file-a'] } };
  const run = await harness.openai.beta.threads.createAndRun({ assistant_id, tool_resources });
  expect(Reflect.get(run, 'tool_resources')).toEqual(tool_resources);
});

test('gives a run the resources of its assistant when the request has null', async () => {
  const harness = await setup();
  const tool_resources = { code_interpreter: { file_ids: ['file-a'] } };
  const { id: assistant_id } = await createAssistant(harness, { tool_resources });
  const params = { assistant_id, tool_resources: null };
  const { body } = await harness.request('POST', '/threads/runs', params);
  expect(body.tool_resources).toEqual(tool_resources);
});

test('gives a run the files attached to its additional messages', async () => {
  const harness = await setup();
  const { id: assistant_id } = await createAssistant(harness);
  const { id } = await createThread(harness);
  const attachments = [{ file_id: 'file-a', tools: [{ type: 'code_interpreter' as const }] }];
  const run = await harness.openai.beta.threads.runs.create(id, {
    assistant_id,
    additional_messages: [{ role: 'user', content: 'See this.', attachments }],
  });
  expect(Reflect.get(run, 'tool_resources')).toEqual({
    code_interpreter: { file_ids: ['file-a'] },
  });
});
