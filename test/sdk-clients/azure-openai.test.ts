import { AzureOpenAI, toFile } from 'openai';
import { expect, test } from 'vitest';
import { type AzureSetup, startAzure, token } from '../support/azure.ts';
import { weatherTool } from '../support/conversation.ts';
import { functionCall, searchCall, textMessage } from '../support/upstream-items.ts';

const options = { apiVersion: '2024-05-01-preview', maxRetries: 0, dangerouslyAllowBrowser: true };

const clientOf = ({ served }: AzureSetup, apiKey = token) =>
  new AzureOpenAI({ ...options, endpoint: `${served.url}/`, apiKey });

const thread = { messages: [{ role: 'user' as const, content: 'How is the weather in Oslo?' }] };

test('runs a conversation with a tool call by polling and by stream', async () => {
  const setup = await startAzure();
  const { threads, assistants } = clientOf(setup).beta;
  const { id: assistant_id } = await assistants.create({ model: 'gpt-4o', tools: [weatherTool] });
  setup.upstream.respondWith(
    { output: [functionCall('get_weather', {}, 'call_1')] },
    { output: [textMessage('It snows.')] },
  );
  const run = await threads.createAndRunPoll({ assistant_id, thread }, { pollIntervalMs: 1 });
  expect(run.status).toBe('requires_action');
  const tool_outputs = [{ tool_call_id: 'call_1', output: 'snow' }];
  const { thread_id } = run;
  const stream = threads.runs.submitToolOutputsStream(run.id, { thread_id, tool_outputs });
  const [message] = await stream.finalMessages();
  expect(message?.content).toMatchObject([{ text: { value: 'It snows.' } }]);
  expect((await threads.runs.steps.list(run.id, { thread_id })).data).toHaveLength(2);
  expect(await threads.delete(thread_id)).toMatchObject({ deleted: true });
  expect(await assistants.delete(assistant_id)).toMatchObject({ deleted: true });
});

test('keeps the objects of version 2 for a later api-version', async () => {
  const setup = await startAzure();
  setup.upstream.respondWith({ output: [searchCall('weather'), textMessage('It is cold.')] });
  const { threads, assistants } = clientOf(setup).beta;
  const assistant = await assistants.create({ model: 'gpt-4o', tools: [{ type: 'file_search' }] });
  expect(assistant.tools).toMatchObject([{ type: 'file_search' }]);
  expect(assistant).not.toHaveProperty('file_ids');
  const run = await threads.createAndRunPoll({ assistant_id: assistant.id, thread });
  const { data } = await threads.runs.steps.list(run.id, { thread_id: run.thread_id });
  expect(data.at(-1)?.step_details).toMatchObject({ tool_calls: [{ type: 'file_search' }] });
});

test('streams the objects of version 1 for an earlier api-version', async () => {
  const setup = await startAzure();
  setup.upstream.respondWith({ output: [searchCall('weather'), textMessage('It is cold.')] });
  const { beta } = clientOf(setup);
  const { id } = await beta.assistants.create({
    model: 'gpt-4o',
    tools: [{ type: 'file_search' }],
  });
  const body = { assistant_id: id, thread };
  const query = { 'api-version': '2024-02-15-preview' };
  const stream = beta.threads.createAndRunStream(body, { query });
  const types = new Set<unknown>();
  stream.on('event', ({ event, data }) => {
    if (event === 'thread.run.created') types.add(data.tools[0]?.type);
    if (event === 'thread.run.step.delta')
      types.add(Object(data.delta.step_details).tool_calls[0].type);
  });
  const [message] = await stream.finalMessages();
  expect([...types]).toEqual(['retrieval']);
  expect(message).toMatchObject({ file_ids: [], content: [{ text: { value: 'It is cold.' } }] });
});

test('takes the token as an Entra token', async () => {
  const setup = await startAzure();
  const client = new AzureOpenAI({
    ...options,
    endpoint: setup.served.url,
    azureADTokenProvider: async () => token,
  });
  expect((await client.beta.assistants.list()).data).toEqual([]);
  await expect(clientOf(setup, 'wrong').beta.assistants.list()).rejects.toMatchObject({
    status: 401,
    code: '401',
  });
});

test('reaches the files, vector stores and models of the model endpoint', async () => {
  const setup = await startAzure();
  const client = clientOf(setup);
  const upload = await toFile(Buffer.from('Oslo is cold.'), 'oslo.txt');
  const file = await client.files.create({ file: upload, purpose: 'assistants' });
  const store = await client.vectorStores.create({ file_ids: [file.id] });
  expect(await client.vectorStores.retrieve(store.id)).toMatchObject({ status: 'completed' });
  expect(await (await client.files.content(file.id)).text()).toBe('Oslo is cold.');
  await client.chat.completions
    .create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello.' }] })
    .catch(() => {});
  expect(setup.storage.requests).toEqual([
    'POST /files',
    'POST /vector_stores',
    `GET /vector_stores/${store.id}`,
    `GET /files/${file.id}/content`,
    'POST /chat/completions',
  ]);
});
