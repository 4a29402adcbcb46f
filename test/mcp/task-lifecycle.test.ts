import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import {
  createTaskSessionFromClient,
  type RawClientDispatch,
  resultFromTaskOutcome,
} from '@modelcontextprotocol/ext-tasks/client';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { createAssistant, createThread, weatherTool } from '../support/conversation.ts';
import { setup } from '../support/engine.ts';
import { sdkFor, startServe } from '../support/serve.ts';
import { connectTasks, httpClient } from '../support/task-client.ts';
import { createGate } from '../support/upstream.ts';
import { functionCall, textMessage } from '../support/upstream-items.ts';

test('a run that needs outputs is two tasks, and the second has the reply', async () => {
  const harness = await setup();
  const { clock, upstream } = harness;
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  upstream.respondWith(
    { output: [functionCall('get_weather', { city: 'Oslo' }, 'call_1')] },
    { output: [textMessage('It snows.')] },
  );
  const client = await connectTasks('stdio', harness);
  const call = (name: string, args: object) =>
    client.request('tools/call', { name, arguments: args });
  const get = async (taskId: string) => (await client.request('tasks/get', { taskId })).result;

  const created = (await call('create_run', { thread_id, assistant_id })).result;
  await harness.runToEnd();
  const stopped = await get(created.taskId);
  expect(stopped).toMatchObject({ status: 'completed' });
  const { structuredContent: run } = stopped.result;
  expect(run).toMatchObject({ status: 'requires_action', id: expect.any(String) });
  expect(run.next).toContain('call_1 (get_weather)');

  await clock.advance(1000);
  const outputs = [{ tool_call_id: 'call_1', output: 'snow' }];
  const args = { thread_id, run_id: run.id, tool_outputs: outputs };
  const submitted = (await call('submit_tool_outputs', args)).result;
  expect(submitted).toMatchObject({ resultType: 'task', status: 'working' });
  expect(submitted.taskId).not.toBe(created.taskId);
  await harness.runToEnd();
  const ended = await get(submitted.taskId);
  expect(ended).toMatchObject({ status: 'completed' });
  expect(ended.result.structuredContent).toMatchObject({ status: 'completed', reply: 'It snows.' });
});

test('cancelling a task cancels its run, and frees the thread', async () => {
  const harness = await setup();
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const gate = createGate();
  harness.upstream.respondWith({ gate, before: 'response' });
  const client = await connectTasks('stdio', harness);
  const params = { name: 'create_run', arguments: { thread_id, assistant_id } };
  const { taskId } = (await client.request('tools/call', params)).result;
  const executed = harness.runToEnd();
  await gate.reached;
  await client.request('tasks/cancel', { taskId });
  await executed;
  expect((await client.request('tasks/get', { taskId })).result).toMatchObject({
    status: 'cancelled',
  });
  const again = await client.request('tasks/cancel', { taskId });
  expect(again.result).toMatchObject({ resultType: 'complete' });
  const next = await client.request('tools/call', params);
  expect(next.result).toMatchObject({ resultType: 'task' });
});

test('a task waits for outputs no longer when it is cancelled', async () => {
  const harness = await setup();
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  harness.upstream.respondWith({ output: [functionCall('get_weather', {}, 'call_1')] });
  const client = await connectTasks('stdio', harness);
  const params = { name: 'create_run', arguments: { thread_id, assistant_id } };
  const { taskId } = (await client.request('tools/call', params)).result;
  await harness.runToEnd();
  await client.request('tasks/cancel', { taskId });
  await harness.runToEnd();
  expect((await client.request('tasks/get', { taskId })).result).toMatchObject({
    status: 'cancelled',
  });
});

test('another server on the same database answers for a task until its thread is deleted', async () => {
  const harness = await setup();
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const first = await connectTasks('stdio', harness);
  const params = { name: 'create_run', arguments: { thread_id, assistant_id } };
  const { taskId } = (await first.request('tools/call', params)).result;
  const second = await connectTasks('HTTP', harness);
  expect((await second.request('tasks/get', { taskId })).result).toMatchObject({
    status: 'working',
  });
  await harness.openai.beta.threads.delete(thread_id);
  for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update']) {
    const { error } = await second.request(method, { taskId });
    expect(error).toMatchObject({ code: -32602 });
    expect(error?.message).toContain(`No thread found with id '${thread_id}'.`);
  }
});

test('in remote mode the tasks are those of the other server', async () => {
  const served = await startServe();
  const openai = sdkFor(served);
  const { id: assistant_id } = await openai.beta.assistants.create({ model: 'm' });
  const remote = await connectTasks('stdio', { openai });
  const thread = { messages: [{ role: 'user', content: 'Hello.' }] };
  const params = { name: 'create_thread_and_run', arguments: { assistant_id, thread } };
  const { taskId } = (await remote.request('tools/call', params)).result;
  const [thread_id = '', run_id = ''] = taskId.split('/');
  await openai.beta.threads.runs.poll(run_id, { thread_id });
  const own = httpClient(`${served.url}/mcp`);
  for (const client of [remote, own]) {
    const { result } = await client.request('tasks/get', { taskId });
    expect(result.result.structuredContent).toMatchObject({ id: run_id, status: 'completed' });
  }
});

const framing = {
  protocolVersion: '2026-07-28',
  clientInfo: { name: 'test', version: '1' },
  clientCapabilities: {},
};
const rpcRequest = z.object({ method: z.string(), params: z.looseObject({}) });

test('the client of the extension waits for the result of a call', async () => {
  const served = await startServe();
  const url = new URL(`${served.url}/mcp`);
  const openai = sdkFor(served);
  const assistant = await openai.beta.assistants.create({ model: 'm', tools: [weatherTool] });
  const mode = { pin: '2026-07-28' };
  const client = new Client(framing.clientInfo, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(url));
  const raw = httpClient(url.href);
  const rawDispatch: RawClientDispatch = async (request) => {
    const { method, params } = rpcRequest.parse(request);
    const { result, error } = await raw.send(method, params);
    return error === undefined ? { kind: 'result', result } : { kind: 'error', error };
  };
  const session = createTaskSessionFromClient(client, {
    endpointId: 'test',
    rawDispatch,
    v2RequestFraming: framing,
  });
  onTestFinished(async () => {
    await session.close();
    await client.close();
  });
  const thread = { messages: [{ role: 'user', content: 'How is the weather?' }] };
  const execution = await session.callTool('create_thread_and_run', {
    assistant_id: assistant.id,
    thread,
  });
  expect(execution.kind).toBe('task');
  const { outcome } = await execution.settle();
  expect(resultFromTaskOutcome(outcome)).toMatchObject({
    structuredContent: { status: 'requires_action', next: expect.stringContaining('get_weather') },
  });
});
