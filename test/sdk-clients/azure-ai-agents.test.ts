import { Readable } from 'node:stream';
import { AgentsClient, ToolUtility } from '@azure/ai-agents';
import type { TokenCredential } from '@azure/core-auth';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type AzureSetup, startAzure, token } from '../support/azure.ts';
import { weatherTool } from '../support/conversation.ts';
import { functionCall, searchCall, searchResult, textMessage } from '../support/upstream-items.ts';

const credentialOf = (key: string): TokenCredential => ({
  getToken: async () => ({ token: key, expiresOnTimestamp: Date.now() + 3_600_000 }),
});

interface ClientOptions {
  readonly path?: string;
  readonly apiVersion?: string;
  readonly key?: string;
}

const clientOf = (
  { served }: AzureSetup,
  { path = '/api/projects/demo', apiVersion, key = token }: ClientOptions = {},
) =>
  new AgentsClient(served.url + path, credentialOf(key), {
    ...(apiVersion !== undefined && { apiVersion }),
    retryOptions: { maxRetries: 0 },
  });

const polling = { pollingOptions: { intervalInMs: 1 } };

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const question = 'How is the weather in Oslo?';

/** A thread with a question, and an agent with tools. */
async function startThread(client: AgentsClient) {
  const agent = await client.createAgent('gpt-4o', { tools: [weatherTool] });
  const thread = await client.threads.create();
  await client.messages.create(thread.id, 'user', question);
  return { agent, thread };
}

test('creates, reads, updates, lists and deletes agents', async () => {
  const client = clientOf(await startAzure());
  const { id, createdAt } = await client.createAgent('gpt-4o', {
    name: 'Tutor',
    temperature: 0.2,
    responseFormat: { type: 'json_object' },
    metadata: { a: '1' },
  });
  expect(createdAt.getTime()).toBeGreaterThan(0);
  expect(await client.getAgent(id)).toMatchObject({ id, name: 'Tutor', temperature: 0.2 });
  expect(await client.updateAgent(id, { name: 'Teacher' })).toMatchObject({ name: 'Teacher' });
  expect((await collect(client.listAgents({ limit: 5 }))).map((agent) => agent.id)).toEqual([id]);
  expect(await client.deleteAgent(id)).toMatchObject({ id, deleted: true });
});

test('lists, updates and deletes threads', async () => {
  const client = clientOf(await startAzure());
  const first = await client.threads.create({ metadata: { a: '1' } });
  const second = await client.threads.create({ messages: [{ role: 'user', content: question }] });
  const listed = await collect(client.threads.list({ order: 'asc' }));
  expect(listed.map(({ id }) => id)).toEqual([first.id, second.id]);
  await client.threads.update(first.id, { metadata: { b: '2' } });
  expect(await client.threads.get(first.id)).toMatchObject({ metadata: { b: '2' } });
  expect(await client.threads.delete(first.id)).toMatchObject({ deleted: true });
});

describe('a run with a tool call', () => {
  test('is polled', async () => {
    const setup = await startAzure();
    setup.upstream.respondWith(
      { output: [functionCall('get_weather', { city: 'Oslo' }, 'call_1')] },
      { output: [textMessage('It snows.')] },
    );
    const client = clientOf(setup);
    const { agent, thread } = await startThread(client);
    const poller = client.runs.createAndPoll(thread.id, agent.id, polling);
    const outputs = [{ toolCallId: 'call_1', output: 'snow' }];
    let submitted: Promise<unknown> | undefined;
    const stopWatching = poller.onProgress(({ result }) => {
      if (result?.status !== 'requires_action') return;
      stopWatching();
      submitted = (async () => client.runs.submitToolOutputs(thread.id, result.id, outputs))();
    });
    const run = await poller;
    expect(await submitted).toMatchObject({ id: run.id });
    expect(run).toMatchObject({
      status: 'completed',
      toolResources: {},
      usage: { totalTokens: 30 },
    });
    const [answer] = await collect(client.messages.list(thread.id, { runId: run.id }));
    const [content] = answer?.content ?? [];
    expect(content).toEqual({ type: 'text', text: { value: 'It snows.', annotations: [] } });
    const steps = await collect(client.runSteps.list(thread.id, run.id, { order: 'asc' }));
    expect(steps.map(({ type }) => type)).toEqual(['tool_calls', 'message_creation']);
    const step = await client.runSteps.get(thread.id, run.id, steps[0]?.id ?? '');
    expect(step.stepDetails).toMatchObject({ toolCalls: [{ type: 'function', id: 'call_1' }] });
    expect((await collect(client.runs.list(thread.id))).map(({ id }) => id)).toEqual([run.id]);
  });

  test('is streamed', async () => {
    const setup = await startAzure();
    setup.upstream.respondWith(
      { output: [functionCall('get_weather', { city: 'Oslo' }, 'call_1')] },
      { output: [textMessage('It snows.')] },
    );
    const client = clientOf(setup);
    const { agent, thread } = await startThread(client);
    const events = await collect(await client.runs.create(thread.id, agent.id).stream());
    const last = events.findLast(({ event }) => event === 'thread.run.requires_action');
    const { id: runId } = z.object({ id: z.string() }).parse(last?.data);
    const outputs = [{ toolCallId: 'call_1', output: 'snow' }];
    const rest = await collect(
      await client.runs.submitToolOutputs(thread.id, runId, outputs).stream(),
    );
    expect(rest.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['thread.message.delta', 'thread.run.completed', 'done']),
    );
    const texts = rest.flatMap(({ event, data }) =>
      event === 'thread.message.delta' ? [data] : [],
    );
    expect(texts[0]).toMatchObject({ delta: { content: [{ type: 'text' }] } });
  });

  test('is created with its thread, updated and cancelled', async () => {
    const setup = await startAzure();
    setup.upstream.respondWith({ output: [functionCall('get_weather', {}, 'call_1')] });
    const client = clientOf(setup);
    const agent = await client.createAgent('gpt-4o', { tools: [weatherTool] });
    const thread = { messages: [{ role: 'user' as const, content: question }] };
    const run = client.runs.createThreadAndRun(agent.id, { thread });
    const events = await collect(await run.stream());
    const last = events.findLast(({ event }) => event === 'thread.run.requires_action');
    const { id, threadId } = z.object({ id: z.string(), threadId: z.string() }).parse(last?.data);
    expect(await client.runs.update(threadId, id, { metadata: { a: '1' } })).toMatchObject({
      metadata: { a: '1' },
    });
    await client.runs.cancel(threadId, id);
    expect(await client.runs.get(threadId, id)).toMatchObject({ status: 'cancelled' });
  });
});

test('searches files in a vector store of the model endpoint', async () => {
  const setup = await startAzure();
  const client = clientOf(setup);
  const file = await client.files.uploadAndPoll(Readable.from(['Oslo is cold.']), 'assistants', {
    fileName: 'oslo.txt',
    ...polling,
  });
  const { body } = await client.files.getContent(file.id).asNodeStream();
  expect(await collect(Readable.from(body ?? []))).toEqual([Buffer.from('Oslo is cold.')]);
  const store = await client.vectorStores.createAndPoll({
    name: 'weather',
    fileIds: [file.id],
    ...polling,
  });
  expect(store).toMatchObject({ status: 'completed', fileCounts: { completed: 1 } });
  setup.upstream.respondWith({
    output: [
      searchCall('weather', [searchResult(file.id, 'Oslo is cold.', 0.75)]),
      textMessage('It is cold.'),
    ],
  });
  const search = ToolUtility.createFileSearchTool([store.id]);
  const agent = await client.createAgent('gpt-4o', {
    tools: [search.definition],
    toolResources: search.resources,
  });
  const thread = await client.threads.create();
  await client.messages.create(thread.id, 'user', question);
  const events = await collect(await client.runs.create(thread.id, agent.id).stream());
  const delta = events.find(({ event }) => event === 'thread.run.step.delta')?.data;
  expect(delta).toMatchObject({ delta: { stepDetails: { toolCalls: [{ fileSearch: {} }] } } });
  const run = events.findLast(({ event }) => event === 'thread.run.completed')?.data;
  const include = ['step_details.tool_calls[*].file_search.results[*].content' as const];
  const [step] = await collect(
    client.runSteps.list(thread.id, String(Object(run).id), { include, order: 'asc' }),
  );
  expect(step?.stepDetails).toMatchObject({
    toolCalls: [{ fileSearch: { results: [{ fileId: file.id, content: [{ type: 'text' }] }] } }],
  });
  expect(await client.vectorStores.delete(store.id)).toMatchObject({ deleted: true });
  expect(await client.files.delete(file.id)).toMatchObject({ deleted: true });
});

test('serves the paths of a project in a hub', async () => {
  const path =
    '/agents/v1.0/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w';
  const client = clientOf(await startAzure(), { path, apiVersion: '2024-12-01-preview' });
  const { id } = await client.createAgent('gpt-4o');
  expect(await client.getAgent(id)).toMatchObject({ id });
});

test('accepts every api-version', async () => {
  const setup = await startAzure();
  for (const apiVersion of ['2024-07-01-preview', '2025-05-01', '2025-05-15-preview', 'v1']) {
    expect(await collect(clientOf(setup, { apiVersion }).listAgents())).toEqual([]);
  }
});

describe('an error', () => {
  test('has the message, code and field that the SDK reads', async () => {
    const client = clientOf(await startAzure());
    await expect(client.getAgent('asst_none')).rejects.toMatchObject({
      statusCode: 404,
      message: "No assistant found with id 'asst_none'.",
      details: { error: { type: 'invalid_request_error', param: null } },
    });
    await expect(client.createAgent('gpt-4o', { temperature: 3 })).rejects.toMatchObject({
      statusCode: 400,
      details: { error: { param: 'temperature' } },
    });
  });

  test('names a refused token', async () => {
    const client = clientOf(await startAzure(), { key: 'wrong' });
    await expect(client.createAgent('gpt-4o')).rejects.toMatchObject({
      statusCode: 401,
      code: '401',
      message: expect.stringMatching(/^Access denied due to an invalid API key\. /u),
    });
  });

  test('names a tool that only Foundry has', async () => {
    const client = clientOf(await startAzure());
    const tools = [
      ToolUtility.createBingGroundingTool([{ connectionId: 'bing' }]).definition,
      ToolUtility.createConnectedAgentTool('asst_1', 'other', 'another agent').definition,
      ToolUtility.createAzureAISearchTool('search', 'index').definition,
    ];
    for (const tool of tools) {
      await expect(
        client.createAgent('gpt-4o', { tools: [weatherTool, tool] }),
      ).rejects.toMatchObject({
        statusCode: 400,
        message: `Invalid tool value(s): ${tool.type}. This server has the tools 'function', 'file_search' and 'code_interpreter'. Leave the tool out, or offer a function that does its work.`,
        details: { error: { param: 'tools[1].type', code: 'unsupported_tool' } },
      });
    }
  });

  test('of a model endpoint without an error object keeps its message', async () => {
    const client = clientOf(await startAzure());
    await expect(client.files.get('file-none')).rejects.toMatchObject({
      statusCode: 404,
      message: 'No such File object: file-none',
    });
  });
});
