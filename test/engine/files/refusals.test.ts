import { expect, test } from 'vitest';
import { setup, type HarnessOptions } from '../../support/engine.ts';
import { createRun, readRun, apiErrorOf, weatherTool } from '../../support/conversation.ts';

type Hosted = 'file_search' | 'code_interpreter';

const otherBaseURL = 'http://localhost:11434/v1';

const unsupportedMessage = (index: number, type: Hosted, provider = 'this model endpoint') =>
  `'tools[${index}].type' is '${type}', which ${provider} does not support: remove it from the assistant's tools, or create the run with 'tools' that omit it.`;

const open = (options: HarnessOptions) =>
  setup({ baseURL: otherBaseURL, keepsFiles: 'endpoint', ...options });

const missingEverything = (status: number) => ({
  files: status,
  vector_stores: status,
  containers: status,
});

test.each([
  [404, 'file_search'],
  [405, 'code_interpreter'],
  [501, 'file_search'],
] as const)(
  'a run is rejected at an endpoint that returns %i for every collection, for tool %s',
  async (status, type) => {
    const harness = await open({ model: 'auto', lacks: missingEverything(status) });
    const tools = [weatherTool, { type }];
    expect(await apiErrorOf(createRun(harness, {}, { tools }))).toEqual({
      status: 400,
      type: 'invalid_request_error',
      code: 'unsupported_tool',
      param: 'tools',
      message: unsupportedMessage(1, type),
    });
    const requestCount = harness.storage.requests.length;
    expect((await apiErrorOf(createRun(harness, { tools: [{ type }] }))).message).toBe(
      unsupportedMessage(0, type),
    );
    expect(harness.storage.requests).toHaveLength(requestCount);
    const { run } = await createRun(harness, { tools: [weatherTool] }, { tools });
    expect(run.status).toBe('queued');
  },
);

test('a run with tool_choice none is accepted without support for its tools', async () => {
  const harness = await open({ model: 'auto', lacks: missingEverything(404) });
  harness.upstream.respondWith({});
  const tools = [weatherTool, { type: 'code_interpreter' as const }];
  const { run } = await createRun(harness, { tool_choice: 'none' }, { tools });
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({ status: 'completed', tools });
  const weather = { type: 'function', ...weatherTool.function, strict: false };
  expect(harness.upstream.sent()).toMatchObject({ tools: [weather], tool_choice: 'none' });
});

test('a run is accepted at an endpoint with files but without vector stores', async () => {
  const harness = await open({ model: 'auto', lacks: { vector_stores: 404 } });
  const { run } = await createRun(harness, {}, { tools: [{ type: 'file_search' }] });
  expect(run.tools).toMatchObject([{ type: 'file_search' }]);
  expect(harness.storage.requests).toEqual(['GET /vector_stores', 'GET /files']);
});

test('a run is accepted while the endpoint fails, and the next run probes again', async () => {
  const harness = await open({ model: 'auto', lacks: missingEverything(503) });
  const tools = [{ type: 'file_search' as const }];
  for (const times of [1, 2]) {
    await createRun(harness, {}, { tools });
    expect(harness.storage.requests).toEqual(Array(times).fill('GET /vector_stores'));
  }
});

test('each tool is probed separately and once', async () => {
  const harness = await open({ model: 'auto', lacks: { containers: 404, files: 404 } });
  const both = [{ type: 'file_search' as const }, { type: 'code_interpreter' as const }];
  const error = await apiErrorOf(createRun(harness, {}, { tools: both }));
  expect(error.message).toBe(unsupportedMessage(1, 'code_interpreter'));
  await createRun(harness, {}, { tools: [{ type: 'file_search' }] });
  expect(harness.storage.requests).toEqual(['GET /vector_stores', 'GET /containers', 'GET /files']);
});

test('a run with code_interpreter is rejected with Chat Completions, without probing', async () => {
  const harness = await open({ model: 'chat' });
  const tools = [{ type: 'code_interpreter' as const }];
  const error = await apiErrorOf(createRun(harness, {}, { tools }));
  expect(error.message).toBe(unsupportedMessage(0, 'code_interpreter', 'Chat Completions'));
  expect(harness.storage.requests).toEqual([]);
});

test.each([
  ['OpenAI', { model: 'auto' }],
  ['an endpoint configured for Responses', { model: 'responses', baseURL: otherBaseURL }],
] as const)('the tools of %s are not probed', async (_, options) => {
  const harness = await setup({ ...options, lacks: missingEverything(404) });
  const tools = [{ type: 'file_search' as const }, { type: 'code_interpreter' as const }];
  expect((await createRun(harness, {}, { tools })).run.status).toBe('queued');
  expect(harness.storage.requests).toEqual([]);
});

test('a rejected run leaves the thread unchanged', async () => {
  const harness = await open({ model: 'auto', lacks: missingEverything(404) });
  const { threads, assistants } = harness.openai.beta;
  const tools = [{ type: 'file_search' as const }];
  const { id: assistant_id } = await assistants.create({ model: 'm', tools });
  const { id } = await threads.create();
  const additional_messages = [{ role: 'user' as const, content: 'Hello?' }];
  await apiErrorOf(threads.runs.create(id, { assistant_id, additional_messages }));
  expect((await threads.messages.list(id)).data).toEqual([]);
  expect((await threads.runs.list(id)).data).toEqual([]);
});

const attachments = [{ file_id: 'file-a', tools: [{ type: 'file_search' as const }] }];
const message = { role: 'user' as const, content: 'Read this.', attachments };

test.each([
  ['no files and vector stores', missingEverything(404)],
  ['files but no vector stores', { vector_stores: 404 }],
])('an attachment is stored with its message only, at an endpoint with %s', async (_, lacks) => {
  const harness = await open({ model: 'auto', lacks });
  const { threads } = harness.openai.beta;
  const thread = await threads.create({ messages: [message] });
  expect(thread.tool_resources).toEqual({});
  const created = await threads.messages.create(thread.id, message);
  expect(created.attachments).toEqual(attachments);
  const named = await threads.create({
    messages: [message],
    tool_resources: { file_search: { vector_store_ids: ['collection_1'] } },
  });
  expect(named.tool_resources).toEqual({ file_search: { vector_store_ids: ['collection_1'] } });
  const tool_resources = { file_search: { vector_stores: [{ file_ids: ['file-a'] }] } };
  expect(await apiErrorOf(threads.create({ tool_resources }))).toMatchObject({
    status: 400,
    code: 'unsupported_parameter',
  });
});
