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

// Every answer of these engines is held against the contract's objects (test/support/engine.ts).

const conversation = [assistant, thread, question, reply, completedRun, toolStep, messageStep];

test('what hosted answered is served again, whole', async () => {
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
  const stood = { status: 'completed', incomplete_details: null, incomplete_at: null };
  expect(await readMessages(harness, ids.thread)).toEqual([
    { ...question, ...stood, completed_at: question.created_at },
    { ...reply, ...stood, completed_at: reply.created_at },
  ]);
  const run = await readRun(harness, { id: ids.run, thread_id: ids.thread });
  expect(run).toEqual(completedRun);
  const added = { expired_at: null, metadata: {} };
  expect(await readSteps(harness, run)).toEqual([
    { ...toolStep, ...added },
    { ...messageStep, ...added },
  ]);
});

test('what hosted left out gets its default', async () => {
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

test('null where an SDK had nothing to write counts as absent', async () => {
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
  const plain = {
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
  const [made, begun, said, run] = objectsIn((await store.exportAll()).stdout);
  expect([made, run]).toEqual([
    { ...made, ...plain },
    { ...run, ...plain },
  ]);
  expect([begun?.['tool_resources'], said?.['content'], said?.['attachments']]).toEqual([
    { code_interpreter: { file_ids: [] } },
    [{ type: 'image_file', image_file: { file_id: 'file-1' } }],
    [{ file_id: 'file-1' }],
  ]);
  expect(run?.['incomplete_details']).toEqual({});
  expect(run?.['tool_choice']).toEqual({ type: 'file_search' });
});

test('file ids of the first version become attachments, and message files', async () => {
  const store = createStore();
  const { attachments, ...old } = question;
  await store.importObjects([thread, { ...old, file_ids: ['file-1', 'file-2'] }]);
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

test('sampling of 1 is taken for unset and not sent to the model; any other value is', async () => {
  const store = createStore();
  await store.importObjects([{ ...assistant, temperature: 1, top_p: 0.5 }, thread, question]);
  const harness = await setup({ database: store.database });
  harness.upstream.respondWith({});
  await harness.openai.beta.threads.runs.create(ids.thread, { assistant_id: ids.assistant });
  await harness.runToEnd();
  expect(harness.upstream.sent()).not.toHaveProperty('temperature');
  expect(harness.upstream.sent()).toMatchObject({ top_p: 0.5 });
});

test('lists keep the order of the file within a second', async () => {
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

test('steps of hosted tools are kept with all that hosted added; what has no place is dropped', async () => {
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

test('ids of any shape are served as they are', async () => {
  const store = createStore();
  const old = {
    assistant: 'my assistant/ü?#%',
    thread: '550e8400-e29b-41d4-a716-446655440000',
    message: 'thread_abc',
    run: '🏃',
    step: '1',
  };
  await store.importObjects([
    { ...assistant, id: old.assistant },
    { ...thread, id: old.thread },
    { ...question, id: old.message, thread_id: old.thread },
    { ...completedRun, id: old.run, thread_id: old.thread, assistant_id: old.assistant },
    { ...toolStep, id: old.step, run_id: old.run, thread_id: old.thread },
  ]);
  const harness = await setup({ database: store.database, oldIds: true });
  const { assistants, threads } = harness.openai.beta;
  const thread_id = old.thread;
  expect((await assistants.retrieve(old.assistant)).id).toBe(old.assistant);
  expect((await threads.retrieve(old.thread)).id).toBe(old.thread);
  expect((await threads.messages.retrieve(old.message, { thread_id })).id).toBe(old.message);
  const run = await threads.runs.retrieve(old.run, { thread_id });
  expect(run).toMatchObject({ id: old.run, assistant_id: old.assistant });
  expect(await readSteps(harness, run)).toMatchObject([{ id: old.step }]);
  harness.upstream.respondWith({});
  const next = await threads.runs.create(thread_id, { assistant_id: old.assistant });
  await harness.runToEnd();
  expect((await readRun(harness, next)).status).toBe('completed');
});
