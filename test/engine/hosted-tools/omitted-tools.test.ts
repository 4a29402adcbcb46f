import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type OpenAI from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import { chatError, createChatUpstream } from '../../support/chat-upstream.ts';
import {
  apiErrorOf,
  createAssistant,
  createRun,
  createThread,
  readRun,
  weatherTool,
} from '../../support/conversation.ts';
import { setup, type HarnessOptions } from '../../support/engine.ts';
import { sdkFor, startServe } from '../../support/serve.ts';
import { listen } from '../../support/loopback-server.ts';
import { createModelServer } from '../../support/model-servers/server.ts';

type RunParams = Partial<OpenAI.Beta.Threads.RunCreateParamsNonStreaming>;

const fileSearch = { type: 'file_search' } as const;
const codeInterpreter = { type: 'code_interpreter' } as const;
const bothTools = [fileSearch, weatherTool, codeInterpreter];

const lacksAll = { files: 404, vector_stores: 404, containers: 404 };

const anyServer = () =>
  createModelServer({ name: 'any', baseURL: 'http://localhost:9/v1', refuse: () => null });

async function open(options: HarnessOptions = {}, server = anyServer()) {
  const harness = await setup({
    model: 'auto',
    baseURL: server.baseURL,
    endpoint: server,
    lacks: lacksAll,
    hostedTools: 'drop',
    keepsFiles: 'endpoint',
    ...options,
  });
  const run = async (params: RunParams) => {
    server.respondWith({ text: 'Snow.' });
    const created = await createRun(harness, params);
    await harness.runToEnd();
    const ended = await readRun(harness, created.run);
    return { created: created.run, ended, sent: JSON.stringify(server.requests.at(-1)?.body) };
  };
  return { harness, server, run };
}

describe('with --hosted-tools drop', () => {
  test('a run goes on without the tools that the endpoint lacks', async () => {
    const { harness, run } = await open();
    const { created, ended, sent } = await run({ tools: bothTools });
    const omitted_tools = ['file_search', 'code_interpreter'];
    expect(created).toMatchObject({ omitted_tools, tools: [{ type: 'function' }] });
    expect(ended).toMatchObject({ status: 'completed', omitted_tools });
    expect(sent).not.toMatch(/file_search|code_interpreter/u);
    expect(sent).toContain('get_weather');
    const lines = harness.logLines.filter((line) => line.includes('without hosted tools'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"omitted_tools":["file_search","code_interpreter"]');
  });

  test('a run keeps the tools that the endpoint has', async () => {
    const { run } = await open({ lacks: { containers: 404, files: 404 } });
    const { ended } = await run({ tools: bothTools });
    expect(ended).toMatchObject({ status: 'completed', omitted_tools: ['code_interpreter'] });
    expect(ended.tools.map(({ type }) => type)).toEqual(['file_search', 'function']);
  });

  const choices: [RunParams, unknown][] = [
    [{ tools: bothTools, tool_choice: fileSearch }, 'auto'],
    [{ tools: [fileSearch], tool_choice: 'required' }, 'auto'],
    [{ tools: bothTools, tool_choice: 'required' }, 'required'],
  ];

  test.each(choices)('a tool_choice that needs such a tool becomes auto (%o)', async (...row) => {
    const [params, tool_choice] = row;
    const { run } = await open();
    expect((await run(params)).ended).toMatchObject({ status: 'completed', tool_choice });
  });

  test('a run with tool_choice none keeps its tools, as it needs none', async () => {
    const { run } = await open();
    const { ended, sent } = await run({ tools: [fileSearch], tool_choice: 'none' });
    expect(ended).toMatchObject({ status: 'completed', tools: [fileSearch] });
    expect(ended).not.toHaveProperty('omitted_tools');
    expect(sent).not.toContain('file_search');
  });

  test('attached files stay with their message', async () => {
    const { harness, server } = await open();
    server.respondWith({ text: 'Snow.' });
    const { id: assistant_id } = await createAssistant(harness, { tools: [fileSearch] });
    const attachments = [{ file_id: 'file-1', tools: [fileSearch] }];
    const run = await harness.openai.beta.threads.createAndRun({
      assistant_id,
      thread: { messages: [{ role: 'user', content: 'Read it.', attachments }] },
    });
    await harness.runToEnd();
    const ended = await readRun(harness, run);
    expect(ended).toMatchObject({ status: 'completed', omitted_tools: ['file_search'] });
  });

  test('a run goes on if only its execution shows that the endpoint has no Responses', async () => {
    const upstream = createChatUpstream();
    upstream.respondWith({ text: 'Snow.' });
    const harness = await setup({
      model: 'auto',
      baseURL: 'http://localhost:9/v1',
      endpoint: upstream,
      hostedTools: 'drop',
    });
    const { run } = await createRun(harness, { tools: bothTools });
    expect(run).not.toHaveProperty('omitted_tools');
    await harness.runToEnd();
    const ended = await readRun(harness, run);
    const omitted_tools = ['file_search', 'code_interpreter'];
    expect(ended).toMatchObject({ status: 'completed', omitted_tools });
    expect(JSON.stringify(upstream.sent())).not.toMatch(/file_search|code_interpreter/u);
  });

  test('a run goes on if the endpoint refuses the type of a tool', async () => {
    const server = createModelServer({
      name: 'functions only',
      baseURL: 'http://localhost:9/v1',
      refuse: ({ tools }) =>
        /code_interpreter/u.test(JSON.stringify(tools ?? []))
          ? chatError(400, { message: "Unsupported tool type: 'code_interpreter'" })
          : null,
    });
    const { run } = await open({ model: 'responses', lacks: {} }, server);
    const { ended } = await run({ tools: [codeInterpreter, weatherTool] });
    expect(ended).toMatchObject({ status: 'completed', omitted_tools: ['code_interpreter'] });
  });
});

test('with --hosted-tools refuse, the default, the run is refused', async () => {
  const { harness } = await open({ hostedTools: 'refuse' });
  const { id: assistant_id } = await createAssistant(harness, { tools: bothTools });
  const thread = await createThread(harness);
  const error = await apiErrorOf(
    harness.openai.beta.threads.runs.create(thread.id, { assistant_id }),
  );
  expect(error).toMatchObject({ status: 400, code: 'unsupported_tool' });
  expect(error.message).toContain("'tools[0].type' is 'file_search'");
});

test('ASSISTANTS_HOSTED_TOOLS applies to the whole program', async () => {
  const upstream = createChatUpstream();
  const OPENAI_BASE_URL = `${await listen((request) => upstream.fetch(request))}/v1`;
  const env = { OPENAI_BASE_URL, ASSISTANTS_HOSTED_TOOLS: 'drop', ASSISTANTS_FILES: 'endpoint' };
  const served = await startServe({ env });
  const { assistants, threads } = sdkFor(served).beta;
  upstream.respondWith({ text: 'Snow.' });
  const { id: assistant_id } = await assistants.create({ model: 'qwen3:8b', tools: bothTools });
  const messages = [{ role: 'user' as const, content: 'Weather?' }];
  const run = await threads.createAndRunStream({ assistant_id, thread: { messages } }).finalRun();
  const omitted_tools = ['file_search', 'code_interpreter'];
  expect(run).toMatchObject({ status: 'completed', omitted_tools });
  const ended = served.lines().find(({ message }) => message === 'run ended');
  expect(ended).toMatchObject({ omitted_tools });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${served.url}/mcp`)));
  onTestFinished(() => client.close());
  const ids = { thread_id: run.thread_id, run_id: run.id };
  const result = await client.callTool({ name: 'get_run', arguments: ids });
  expect(result.structuredContent).toMatchObject({ status: 'completed', omitted_tools });
});
