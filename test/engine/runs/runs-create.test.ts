import { describe, expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import {
  createAssistant,
  createRun,
  createThread,
  readMessages,
  readRun,
  apiErrorOf,
  textOf,
  weatherTool,
} from '../../support/conversation.ts';

const { function: weather } = weatherTool;
const tools = [{ type: 'function', function: { ...weather, strict: false } }];

test('a new run is queued and has every field of the contract', async () => {
  const harness = await setup();
  const { run, thread_id, assistant_id } = await createRun(harness);
  const expected = {
    id: expect.stringMatching(/^run_[0-9A-Za-z]{24}$/u),
    object: 'thread.run',
    created_at: 1_790_000_000,
    assistant_id,
    thread_id,
    status: 'queued',
    started_at: null,
    expires_at: 1_790_000_600,
    cancelled_at: null,
    failed_at: null,
    completed_at: null,
    required_action: null,
    last_error: null,
    model: 'gpt-4.1-mini',
    instructions: 'Be brief.',
    tools,
    tool_resources: {},
    metadata: {},
    temperature: 1,
    top_p: 1,
    reasoning_effort: null,
    max_completion_tokens: null,
    max_prompt_tokens: null,
    truncation_strategy: { type: 'auto', last_messages: null },
    incomplete_details: null,
    usage: null,
    response_format: 'auto',
    tool_choice: 'auto',
    parallel_tool_calls: true,
  };
  expect(run).toEqual(expected);
  expect(Object.keys(run)).toEqual(Object.keys(expected));
});

test('a run takes parameters that are absent or null from its assistant', async () => {
  const harness = await setup();
  const { run } = await createRun(
    harness,
    { model: null, temperature: null, tools: null, metadata: { own: 'yes' } },
    {
      temperature: 0.3,
      top_p: 0.4,
      reasoning_effort: 'high',
      response_format: { type: 'text' },
      metadata: { of: 'the assistant' },
    },
  );
  expect(run).toMatchObject({
    model: 'gpt-4.1-mini',
    temperature: 0.3,
    top_p: 0.4,
    reasoning_effort: 'high',
    response_format: { type: 'text' },
    tools,
    metadata: { own: 'yes' },
  });
});

test('the parameters of a run override those of its assistant', async () => {
  const harness = await setup();
  const params = {
    model: 'gpt-5.4',
    instructions: 'Be long.',
    tools: [],
    temperature: 0.9,
    top_p: 0.8,
    reasoning_effort: 'low',
    max_prompt_tokens: 1000,
    max_completion_tokens: 500,
    truncation_strategy: { type: 'last_messages', last_messages: 3 },
    tool_choice: 'none',
    parallel_tool_calls: false,
    response_format: { type: 'json_object' },
  } as const;
  const { run } = await createRun(harness, { ...params, tools: [] });
  expect(run).toMatchObject(params);
});

test.each(['create', 'createAndRun'] as const)(
  'an empty model means the model of the assistant (%s)',
  async (name) => {
    const harness = await setup();
    const { openai } = harness;
    const { id: assistant_id } = await createAssistant(harness, { model: 'gpt-4.1-mini' });
    const { id: thread_id } = await openai.beta.threads.create();
    const params = { assistant_id, model: '' };
    const run =
      name === 'create'
        ? await openai.beta.threads.runs.create(thread_id, params)
        : await openai.beta.threads.createAndRun(params);
    expect(run.model).toBe('gpt-4.1-mini');
  },
);

test('additional instructions and messages are appended', async () => {
  const harness = await setup();
  const { run, thread_id } = await createRun(harness, {
    additional_instructions: 'Say please.',
    additional_messages: [
      { role: 'user', content: 'And in Bergen?' },
      { role: 'assistant', content: 'Wait.' },
    ],
  });
  expect(run.instructions).toBe('Be brief.\n\nSay please.');
  const messages = await readMessages(harness, thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'And in Bergen?', 'Wait.']);
  expect(messages.map(({ run_id }) => run_id)).toEqual([null, null, null]);
});

describe('POST /threads/runs', () => {
  test('creates the thread with its messages and the run', async () => {
    const harness = await setup();
    const { id: assistant_id } = await createAssistant(harness);
    const run = await harness.openai.beta.threads.createAndRun({
      assistant_id,
      thread: { messages: [{ role: 'user', content: 'Hello' }], metadata: { a: '1' } },
      metadata: { b: '2' },
    });
    expect(run).toMatchObject({ status: 'queued', assistant_id, metadata: { b: '2' } });
    const thread = await harness.openai.beta.threads.retrieve(run.thread_id);
    expect(thread.metadata).toEqual({ a: '1' });
    expect((await readMessages(harness, run.thread_id)).map(textOf)).toEqual(['Hello']);
  });

  test('needs no thread if the assistant has instructions', async () => {
    const harness = await setup();
    harness.upstream.respondWith({});
    const { id: assistant_id } = await createAssistant(harness);
    const run = await harness.openai.beta.threads.createAndRun({ assistant_id });
    await harness.runToEnd();
    const ended = await harness.openai.beta.threads.runs.retrieve(run.id, run);
    expect(ended.status).toBe('completed');
  });

  test('creates no thread if the run is rejected', async () => {
    const harness = await setup();
    const params = { assistant_id: 'asst_nowhere', thread: { metadata: {} } };
    const error = await apiErrorOf(harness.openai.beta.threads.createAndRun(params));
    expect(error).toMatchObject({
      status: 404,
      message: "No assistant found with id 'asst_nowhere'.",
    });
    expect((await harness.request('GET', '/threads')).body.data).toEqual([]);
  });
});

test('a run on an empty thread is rejected without instructions', async () => {
  const harness = await setup();
  const { id: assistant_id } = await createAssistant(harness, { instructions: null });
  const { id } = await harness.openai.beta.threads.create();
  const { runs } = harness.openai.beta.threads;
  expect(await apiErrorOf(runs.create(id, { assistant_id }))).toEqual({
    status: 400,
    type: 'invalid_request_error',
    code: 'invalid_thread',
    param: null,
    message:
      'Run creation requires a Thread with a user message or an assistant with instructions.',
  });
  const additional_messages = [{ role: 'user' as const, content: 'Hello' }];
  expect(await runs.create(id, { assistant_id, additional_messages })).toMatchObject({
    status: 'queued',
  });
});

test.each(['file_search', 'code_interpreter'] as const)(
  'a run with %s is rejected if the model does not support it',
  async (type) => {
    const harness = await setup({ model: 'scripted', keepsFiles: 'endpoint' });
    const { id: assistant_id } = await createAssistant(harness, { tools: [weatherTool, { type }] });
    const thread = await createThread(harness);
    const { runs } = harness.openai.beta.threads;
    expect(await apiErrorOf(runs.create(thread.id, { assistant_id }))).toEqual({
      status: 400,
      type: 'invalid_request_error',
      code: 'unsupported_tool',
      param: 'tools',
      message: `'tools[1].type' is '${type}', which the scripted model does not support: remove it from the assistant's tools, or create the run with 'tools' that omit it.`,
    });
    const run = await runs.create(thread.id, { assistant_id, tools: [weatherTool] });
    expect(run.status).toBe('queued');
    const { run: idle } = await createRun(harness, { tools: [{ type }], tool_choice: 'none' });
    expect(idle).toMatchObject({ status: 'queued', tools: [{ type }] });
  },
);

test('a run has both the model used and the model requested', async () => {
  const harness = await setup({ modelMap: new Map([['gpt-4-retired', 'gpt-5.4']]) });
  harness.upstream.respondWith({}, {});
  const { run, thread_id, assistant_id } = await createRun(harness, { model: 'gpt-4-retired' });
  expect(run).toMatchObject({ model: 'gpt-5.4', requested_model: 'gpt-4-retired' });
  await harness.runToEnd();
  expect(harness.upstream.sent().model).toBe('gpt-5.4');
  expect(await readRun(harness, run)).toMatchObject({ requested_model: 'gpt-4-retired' });
  const ended = harness.logLines.find((line) => line.includes('run ended')) ?? '';
  expect(JSON.parse(ended)).toMatchObject({ model: 'gpt-5.4', requested_model: 'gpt-4-retired' });
  const other = await harness.openai.beta.threads.runs.create(thread_id, { assistant_id });
  expect(other.model).toBe('gpt-4.1-mini');
  expect(other).not.toHaveProperty('requested_model');
});

test('a run without an API key is rejected with a list of remedies', async () => {
  const harness = await setup({ key: null });
  const thread = await createThread(harness);
  const { id: assistant_id } = await createAssistant(harness);
  const error = await apiErrorOf(
    harness.openai.beta.threads.runs.create(thread.id, { assistant_id }),
  );
  expect(error.status).toBe(400);
  expect(error.message).toContain('OPENAI_API_KEY');
  expect(error.message).toContain('scripted');
  expect((await harness.openai.beta.threads.runs.list(thread.id)).data).toEqual([]);
});
