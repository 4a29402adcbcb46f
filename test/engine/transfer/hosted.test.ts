import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import {
  assistant,
  completedRun,
  ids,
  messageStep,
  question,
  reply,
  thread,
  toolStep,
} from '../../support/examples.ts';
import { readMessages, readRun, readSteps } from '../../support/conversation.ts';
import { createStore, objectsIn } from '../../support/transfer.ts';

// `setup` checks every response of these engines against the contract's objects.

const conversation = [assistant, thread, question, reply, completedRun, toolStep, messageStep];

test('serves imported objects of the OpenAI API unchanged', async () => {
  const store = createStore();
  const { code, stderr } = await store.importText(
    conversation.map((object) => JSON.stringify(object)).join('\n'),
  );
  expect([code, stderr]).toEqual([
    0,
    'Imported 1 assistant, 1 thread, 2 messages, 1 run and 2 run steps from in.jsonl.\n',
  ]);
  const harness = await setup({ database: store.database });
  const { beta } = harness.openai;
  expect(await beta.assistants.retrieve(ids.assistant)).toEqual(assistant);
  expect(await beta.threads.retrieve(ids.thread)).toEqual(thread);
  const statusFields = { status: 'completed', incomplete_details: null, incomplete_at: null };
  expect(await readMessages(harness, ids.thread)).toEqual([
    { ...question, ...statusFields, completed_at: question.created_at },
    { ...reply, ...statusFields, completed_at: reply.created_at },
  ]);
  const run = await readRun(harness, { id: ids.run, thread_id: ids.thread });
  expect(run).toEqual(completedRun);
  const defaults = { expired_at: null, metadata: {} };
  expect(await readSteps(harness, run)).toEqual([
    { ...toolStep, ...defaults },
    { ...messageStep, ...defaults },
  ]);
});

test('fills fields that the OpenAI API omitted with their defaults', async () => {
  const store = createStore();
  const { id, object, created_at, model, thread_id, role, content } = { ...assistant, ...question };
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  const { assistant_id, status, started_at, completed_at } = completedRun;
  await store.importObjects([
    { id: ids.assistant, object: assistant.object, created_at, model },
    { id: ids.thread, object: thread.object, created_at, tool_resources: null, metadata: null },
    { id, object, created_at, thread_id, role, content },
    {
      id: ids.run,
      object: 'thread.run',
      created_at,
      assistant_id,
      thread_id,
      status,
      model,
      started_at,
      completed_at,
      usage,
    },
  ]);
  const harness = await setup({ database: store.database });
  const { beta } = harness.openai;
  expect(await beta.assistants.retrieve(ids.assistant)).toEqual({
    ...assistant,
    name: null,
    instructions: null,
    tools: [],
  });
  expect(await beta.threads.retrieve(ids.thread)).toEqual(thread);
  expect(await readRun(harness, { id: ids.run, thread_id })).toEqual({
    ...completedRun,
    instructions: null,
    tools: [],
    usage: {
      ...usage,
      prompt_token_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
  });
  expect((await readMessages(harness, thread_id))[0]).toMatchObject({
    run_id: null,
    attachments: [],
  });
});

test('treats null that an SDK dumped for an omitted field as omitted', async () => {
  const store = createStore();
  const parameters = { type: 'object', properties: {}, default: null };
  const tools = [
    { type: 'function', function: { name: 'f', description: null, parameters, strict: null } },
    { type: 'function', function: { name: 'g', description: null, parameters: null } },
    { type: 'file_search', file_search: null },
    { type: 'file_search', file_search: { max_num_results: null, ranking_options: null } },
  ];
  const tool_resources = {
    code_interpreter: null,
    file_search: { vector_store_ids: null },
  };
  const json_schema = { name: 'form', description: null, schema_: parameters, strict: null };
  const response_format = { type: 'json_schema', json_schema };
  const settings = { tools, tool_resources, response_format };
  const content = [{ type: 'image_file', image_file: { file_id: 'file-1', detail: null } }];
  const attachments = [{ file_id: 'file-1', tools: null }];
  await store.importObjects([
    { ...assistant, ...settings },
    { ...thread, tool_resources: { code_interpreter: { file_ids: null }, file_search: null } },
    { ...question, content, attachments },
    {
      ...completedRun,
      ...settings,
      tool_choice: { type: 'file_search', function: null },
      status: 'incomplete',
      incomplete_details: { reason: null },
    },
  ]);
  const expected = {
    tools: [
      { type: 'function', function: { name: 'f', parameters, strict: null } },
      { type: 'function', function: { name: 'g' } },
      { type: 'file_search' },
      { type: 'file_search', file_search: {} },
    ],
    tool_resources: { file_search: { vector_store_ids: [] } },
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'form', schema: parameters, strict: null },
    },
  };
  const [exportedAssistant, exportedThread, message, run] = objectsIn(
    (await store.exportAll()).stdout,
  );
  expect([exportedAssistant, run]).toEqual([
    { ...exportedAssistant, ...expected },
    { ...run, ...expected },
  ]);
  expect([
    exportedThread?.['tool_resources'],
    message?.['content'],
    message?.['attachments'],
  ]).toEqual([
    { code_interpreter: { file_ids: [] } },
    [{ type: 'image_file', image_file: { file_id: 'file-1' } }],
    [{ file_id: 'file-1' }],
  ]);
  expect(run?.['incomplete_details']).toEqual({});
  expect(run?.['tool_choice']).toEqual({ type: 'file_search' });
});

test('converts file ids of API version v1 to attachments and message files', async () => {
  const store = createStore();
  const { attachments, ...v1Message } = question;
  await store.importObjects([thread, { ...v1Message, file_ids: ['file-1', 'file-2'] }]);
  const harness = await setup({ database: store.database });
  const tools = [{ type: 'code_interpreter' }, { type: 'file_search' }];
  const [message] = await readMessages(harness, ids.thread);
  expect(attachments).toEqual([]);
  expect(message?.attachments).toEqual([
    { file_id: 'file-1', tools },
    { file_id: 'file-2', tools },
  ]);
  const files = `/threads/${ids.thread}/messages/${ids.question}/files?order=asc`;
  const { body } = await harness.request('GET', files);
  expect(body.data.map((file: { id: string }) => file.id)).toEqual(['file-1', 'file-2']);
});

test('does not send an imported sampling setting of 1 to the model, but any other value', async () => {
  const store = createStore();
  await store.importObjects([{ ...assistant, temperature: 1, top_p: 0.5 }, thread, question]);
  const harness = await setup({ database: store.database });
  harness.upstream.respondWith({});
  await harness.openai.beta.threads.runs.create(ids.thread, { assistant_id: ids.assistant });
  await harness.runToEnd();
  expect(harness.upstream.sent()).not.toHaveProperty('temperature');
  expect(harness.upstream.sent()).toMatchObject({ top_p: 0.5 });
});

test('lists objects of the same second in the order of the file', async () => {
  const store = createStore();
  const texts = ['one', 'two', 'three', 'four'];
  const messages = texts.map((value, index) => ({
    ...question,
    id: `msg_${String(9 - index).repeat(24)}`,
    content: [{ type: 'text', text: { value, annotations: [] } }],
  }));
  await store.importObjects([thread, ...messages]);
  const harness = await setup({ database: store.database });
  const listed = await readMessages(harness, ids.thread);
  expect(listed.map(({ id }) => id)).toEqual(messages.map(({ id }) => id));
});

test('keeps all fields of hosted tool steps, and drops unknown fields', async () => {
  const store = createStore();
  const tool_calls = [
    {
      id: 'call_1',
      type: 'code_interpreter',
      code_interpreter: { input: 'print(1)', outputs: [{ type: 'logs', logs: '1' }] },
    },
    {
      id: 'call_2',
      type: 'file_search',
      file_search: {
        ranking_options: { ranker: 'default_2024_08_21', score_threshold: 0, hybrid_search: null },
        results: [{ file_id: 'file-1', file_name: 'a.txt', score: 0.5, attributes: {} }],
      },
    },
  ];
  const step_details = { type: 'tool_calls', tool_calls };
  const last_error = { code: 'invalid_image_url', message: 'No.' };
  await store.importObjects([
    thread,
    { ...completedRun, status: 'failed', last_error, file_ids: ['file-1'] },
    { ...toolStep, step_details, metadata: { dropped: 'yes' } },
  ]);
  const [, run, step] = objectsIn((await store.exportAll()).stdout);
  expect(run).toEqual({ ...completedRun, status: 'failed', last_error });
  expect(step).toEqual({ ...toolStep, step_details, expired_at: null, metadata: {} });
});

test('serves ids of any format', async () => {
  const store = createStore();
  const oldIds = {
    assistant: 'my assistant/ü?#%',
    thread: '550e8400-e29b-41d4-a716-446655440000',
    message: 'thread_abc',
    run: '🏃',
    step: '1',
  };
  await store.importObjects([
    { ...assistant, id: oldIds.assistant },
    { ...thread, id: oldIds.thread },
    { ...question, id: oldIds.message, thread_id: oldIds.thread },
    { ...completedRun, id: oldIds.run, thread_id: oldIds.thread, assistant_id: oldIds.assistant },
    { ...toolStep, id: oldIds.step, run_id: oldIds.run, thread_id: oldIds.thread },
  ]);
  const harness = await setup({ database: store.database, oldIds: true });
  const { assistants, threads } = harness.openai.beta;
  const thread_id = oldIds.thread;
  expect((await assistants.retrieve(oldIds.assistant)).id).toBe(oldIds.assistant);
  expect((await threads.retrieve(oldIds.thread)).id).toBe(oldIds.thread);
  expect((await threads.messages.retrieve(oldIds.message, { thread_id })).id).toBe(oldIds.message);
  const run = await threads.runs.retrieve(oldIds.run, { thread_id });
  expect(run).toMatchObject({ id: oldIds.run, assistant_id: oldIds.assistant });
  expect(await readSteps(harness, run)).toMatchObject([{ id: oldIds.step }]);
  harness.upstream.respondWith({});
  const next = await threads.runs.create(thread_id, { assistant_id: oldIds.assistant });
  await harness.runToEnd();
  expect((await readRun(harness, next)).status).toBe('completed');
});
