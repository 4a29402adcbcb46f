import { AssistantsClient, AzureKeyCredential } from '@azure/openai-assistants';
import { expect, test } from 'vitest';
import { type AzureSetup, startAzure, token } from '../support/azure.ts';
import { weatherTool } from '../support/conversation.ts';
import { functionCall, searchCall, searchResult, textMessage } from '../support/upstream-items.ts';

const clientOf = ({ served }: AzureSetup, apiVersion?: string, key = token) =>
  new AssistantsClient(served.url, new AzureKeyCredential(key), {
    ...(apiVersion !== undefined && { apiVersion }),
    retryOptions: { maxRetries: 0 },
  });

/** Reads a run until it waits or has ended. */
async function poll(client: AssistantsClient, threadId: string, runId: string) {
  for (;;) {
    const run = await client.getRun(threadId, runId);
    if (run.status !== 'queued' && run.status !== 'in_progress') return run;
  }
}

test('creates, reads, updates, lists and deletes assistants', async () => {
  const client = clientOf(await startAzure());
  const { id } = await client.createAssistant({ model: 'gpt-4o', name: 'Tutor', metadata: {} });
  expect(await client.getAssistant(id)).toMatchObject({ id, name: 'Tutor', fileIds: [] });
  expect(await client.updateAssistant(id, { name: 'Teacher' })).toMatchObject({ name: 'Teacher' });
  const { data, hasMore } = await client.listAssistants({ limit: 5, order: 'asc' });
  expect([data.map((assistant) => assistant.id), hasMore]).toEqual([[id], false]);
  expect(await client.deleteAssistant(id)).toEqual({ id, deleted: true });
  await expect(client.getAssistant(id)).rejects.toMatchObject({
    statusCode: 404,
    message: `No assistant found with id '${id}'.`,
  });
});

test('runs a conversation with a tool call by polling', async () => {
  const setup = await startAzure();
  setup.upstream.respondWith(
    { output: [functionCall('get_weather', { city: 'Oslo' }, 'call_1')] },
    { output: [textMessage('It snows.')] },
  );
  const client = clientOf(setup);
  const assistant = await client.createAssistant({ model: 'gpt-4o', tools: [weatherTool] });
  const thread = await client.createThread({ metadata: { user: 'ada' } });
  await client.createMessage(thread.id, 'user', 'How is the weather in Oslo?');
  const created = await client.createRun(thread.id, { assistantId: assistant.id });
  expect(created.createdAt.getTime()).toBeGreaterThan(0);
  const waiting = await poll(client, thread.id, created.id);
  const [call] = waiting.requiredAction?.submitToolOutputs?.toolCalls ?? [];
  expect(call).toMatchObject({ id: 'call_1', function: { name: 'get_weather' } });
  await client.submitToolOutputsToRun(thread.id, created.id, [
    { toolCallId: 'call_1', output: 'snow' },
  ]);
  const ended = await poll(client, thread.id, created.id);
  expect([ended.status, ended.lastError]).toEqual(['completed', undefined]);
  const { data: messages } = await client.listMessages(thread.id);
  expect(messages[0]?.content).toMatchObject([{ type: 'text', text: { value: 'It snows.' } }]);
  const { data: steps } = await client.listRunSteps(thread.id, created.id, { order: 'asc' });
  expect(steps.map(({ type, status }) => [type, status])).toEqual([
    ['tool_calls', 'completed'],
    ['message_creation', 'completed'],
  ]);
  const step = await client.getRunStep(thread.id, created.id, steps[0]?.id ?? '');
  expect(step.stepDetails).toMatchObject({ toolCalls: [{ type: 'function', id: 'call_1' }] });
  const { data: runs } = await client.listRuns(thread.id);
  expect(runs.map(({ id }) => id)).toEqual([created.id]);
  expect(await client.deleteThread(thread.id)).toMatchObject({ deleted: true });
});

test('creates a thread with its run, updates and cancels', async () => {
  const setup = await startAzure();
  setup.upstream.respondWith({ output: [functionCall('get_weather', {}, 'call_1')] });
  const client = clientOf(setup);
  const assistant = await client.createAssistant({ model: 'gpt-4o', tools: [weatherTool] });
  const run = await client.createThreadAndRun({
    assistantId: assistant.id,
    thread: { messages: [{ role: 'user', content: 'Oslo?' }] },
  });
  const { threadId } = run;
  await poll(client, threadId, run.id);
  expect(await client.updateRun(threadId, run.id, { metadata: { a: '1' } })).toMatchObject({
    metadata: { a: '1' },
  });
  await client.cancelRun(threadId, run.id);
  expect(await poll(client, threadId, run.id)).toMatchObject({ status: 'cancelled' });
  const [message] = (await client.listMessages(threadId)).data;
  const messageId = message?.id ?? '';
  await client.updateMessage(threadId, messageId, { metadata: { b: '2' } });
  expect(await client.getMessage(threadId, messageId)).toMatchObject({ metadata: { b: '2' } });
  expect(await client.listMessageFiles(threadId, messageId)).toMatchObject({ data: [] });
  await client.updateThread(threadId, { metadata: { c: '3' } });
  expect(await client.getThread(threadId)).toMatchObject({ metadata: { c: '3' } });
});

test('uploads, lists, reads and deletes files at the model endpoint', async () => {
  const setup = await startAzure();
  const client = clientOf(setup);
  const content = new TextEncoder().encode('Oslo is cold.');
  const file = await client.uploadFile(content, 'assistants', { filename: 'oslo.txt' });
  expect(file).toMatchObject({ filename: 'oslo.txt', bytes: content.length });
  const { data } = await client.listFiles({ purpose: 'assistants' });
  expect(data.map(({ id }) => id)).toEqual([file.id]);
  expect(await client.getFile(file.id)).toMatchObject({ id: file.id });
  expect(await client.deleteFile(file.id)).toMatchObject({ deleted: true });
  expect(setup.storage.requests).toEqual([
    'POST /files',
    'GET /files',
    `GET /files/${file.id}`,
    `DELETE /files/${file.id}`,
  ]);
});

test('shows a file search under the name that it had in version 1', async () => {
  const setup = await startAzure();
  const results = [searchResult('file-oslo', 'Oslo is cold.', 0.75)];
  setup.upstream.respondWith({
    output: [searchCall('weather', results), textMessage('It is cold.')],
  });
  const client = clientOf(setup);
  const { id } = await clientOf(setup, '2024-05-01-preview').createAssistant({
    model: 'gpt-4o',
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- version 1 had no such tool
    tools: [{ type: 'file_search' } as never],
  });
  expect(await client.getAssistant(id)).toMatchObject({ tools: [{ type: 'retrieval' }] });
  const run = await client.createThreadAndRun({
    assistantId: id,
    thread: { messages: [{ role: 'user', content: 'Oslo?' }] },
  });
  expect(run.tools).toEqual([{ type: 'retrieval' }]);
  await poll(client, run.threadId, run.id);
  const { data } = await client.listRunSteps(run.threadId, run.id, { order: 'asc' });
  expect(data[0]?.stepDetails).toMatchObject({ toolCalls: [{ type: 'retrieval', retrieval: {} }] });
});

test('accepts every api-version', async () => {
  const setup = await startAzure();
  for (const version of ['2024-02-15-preview', '2024-07-01-preview', '2025-04-01-preview', 'v1']) {
    expect(await clientOf(setup, version).listAssistants()).toMatchObject({ data: [] });
  }
});

test('reports a wrong key and an invalid field', async () => {
  const setup = await startAzure();
  await expect(clientOf(setup, undefined, 'wrong').listAssistants()).rejects.toMatchObject({
    statusCode: 401,
    code: '401',
    message:
      "Access denied due to an invalid API key. Send this server's token in the header 'api-key', or as 'Authorization: Bearer TOKEN'.",
  });
  await expect(clientOf(setup).createAssistant({ model: '' })).rejects.toMatchObject({
    statusCode: 400,
    message: expect.stringMatching(/^Invalid 'model': /u),
  });
});
