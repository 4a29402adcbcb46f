import { BadRequestError, NotFoundError } from 'openai';
import { expect, test } from 'vitest';
import { setupOverHttp } from '../support/http.ts';
import { createAssistant, createThread, readSteps, weatherTool } from '../support/conversation.ts';
import { functionCall, textMessage } from '../support/upstream-items.ts';

/** The ids that `for await` over a list yields, page after page. */
async function collectIds(list: AsyncIterable<{ id: string }>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of list) ids.push(id);
  return ids;
}

test('creates, retrieves, updates, lists and deletes assistants', async () => {
  const { openai } = await setupOverHttp();
  const { assistants } = openai.beta;
  const created = await assistants.create({
    model: 'gpt-4.1-mini',
    name: 'Weather',
    tools: [weatherTool],
    metadata: { a: '1' },
  });
  expect(await assistants.retrieve(created.id)).toEqual(created);
  const updated = await assistants.update(created.id, { name: null, metadata: { b: '2' } });
  expect(updated).toEqual({ ...created, name: null, metadata: { b: '2' } });
  expect((await assistants.list()).data).toEqual([updated]);
  expect(await assistants.delete(created.id)).toEqual({
    id: created.id,
    object: 'assistant.deleted',
    deleted: true,
  });
  expect((await assistants.list()).data).toEqual([]);
});

test('creates, retrieves, updates and deletes threads', async () => {
  const { openai } = await setupOverHttp();
  const { threads } = openai.beta;
  const empty = await threads.create();
  expect(empty).toMatchObject({ object: 'thread', metadata: {}, tool_resources: {} });
  const updated = await threads.update(empty.id, { metadata: { a: '1' } });
  expect(await threads.retrieve(empty.id)).toEqual(updated);
  expect(updated.metadata).toEqual({ a: '1' });
  expect(await threads.delete(empty.id)).toMatchObject({ deleted: true });
  await expect(threads.retrieve(empty.id)).rejects.toThrow(NotFoundError);
});

test('creates, retrieves, updates, lists and deletes messages', async () => {
  const harness = await setupOverHttp();
  const { messages } = harness.openai.beta.threads;
  const { id: thread_id } = await createThread(harness);
  const created = await messages.create(thread_id, {
    role: 'user',
    content: [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
      { type: 'image_file', image_file: { file_id: 'file-a', detail: 'low' } },
    ],
    attachments: [{ file_id: 'file-b', tools: [{ type: 'code_interpreter' }] }],
  });
  expect(created.content).toEqual([
    { type: 'text', text: { value: 'What is this?', annotations: [] } },
    { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'auto' } },
    { type: 'image_file', image_file: { file_id: 'file-a', detail: 'low' } },
  ]);
  expect(await messages.retrieve(created.id, { thread_id })).toEqual(created);
  const updated = await messages.update(created.id, { thread_id, metadata: { a: '1' } });
  expect(updated).toEqual({ ...created, metadata: { a: '1' } });
  const { data } = await messages.list(thread_id);
  expect(data[0]).toEqual(updated);
  expect(await messages.delete(created.id, { thread_id })).toMatchObject({ deleted: true });
  expect((await messages.list(thread_id)).data).toHaveLength(1);
});

test('creates, retrieves, updates, lists and cancels runs, and takes their tool outputs', async () => {
  const harness = await setupOverHttp();
  harness.upstream.respondWith(
    { output: [functionCall('get_weather', {}, 'call_1')] },
    { output: [textMessage('Snow.')] },
    { output: [functionCall('get_weather', {}, 'call_2')] },
  );
  const { runs } = harness.openai.beta.threads;
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const waiting = await runs.createAndPoll(thread_id, { assistant_id });
  const updated = await runs.update(waiting.id, { thread_id, metadata: { a: '1' } });
  expect(updated).toEqual({ ...waiting, metadata: { a: '1' } });
  const tool_outputs = [{ tool_call_id: 'call_1', output: 'snow' }];
  const queued = await runs.submitToolOutputs(waiting.id, { thread_id, tool_outputs });
  expect(queued).toEqual({ ...updated, status: 'queued', required_action: null });
  const completed = await runs.poll(waiting.id, { thread_id });
  const steps = await readSteps(harness, completed);
  expect(steps.map(({ type, status }) => [type, status])).toEqual([
    ['tool_calls', 'completed'],
    ['message_creation', 'completed'],
  ]);
  const include = ['step_details.tool_calls[*].file_search.results[*].content' as const];
  const params = { thread_id, run_id: completed.id, include };
  for (const step of steps) expect(await runs.steps.retrieve(step.id, params)).toEqual(step);
  const secondRun = await runs.createAndPoll(thread_id, { assistant_id });
  expect((await runs.cancel(secondRun.id, { thread_id })).status).toBe('cancelling');
  expect((await runs.poll(secondRun.id, { thread_id })).status).toBe('cancelled');
  expect(await collectIds(runs.list(thread_id))).toEqual([secondRun.id, completed.id]);
});

test('yields every object of every list with for await', async () => {
  const harness = await setupOverHttp({
    defaultTurn: () => ({ output: [textMessage('a'), textMessage('b'), textMessage('c')] }),
  });
  const { assistants, threads } = harness.openai.beta;
  const assistantIds: string[] = [];
  for (let count = 0; count < 7; count += 1) assistantIds.push((await createAssistant(harness)).id);
  expect(await collectIds(assistants.list({ limit: 3 }))).toEqual(assistantIds.toReversed());
  expect(await collectIds(assistants.list({ limit: 3, order: 'asc' }))).toEqual(assistantIds);
  expect(harness.requests.filter((request) => request === 'GET /assistants')).toHaveLength(6);

  const messages = Array.from({ length: 5 }, (_, index) => ({
    role: 'user' as const,
    content: `${index}`,
  }));
  const { id: thread_id } = await threads.create({ messages });
  const texts: string[] = [];
  for await (const { content } of threads.messages.list(thread_id, { limit: 2, order: 'asc' })) {
    if (content[0]?.type === 'text') texts.push(content[0].text.value);
  }
  expect(texts).toEqual(['0', '1', '2', '3', '4']);

  const runIds: string[] = [];
  for (const assistant_id of assistantIds.slice(0, 3)) {
    runIds.push((await threads.runs.createAndPoll(thread_id, { assistant_id })).id);
  }
  expect(await collectIds(threads.runs.list(thread_id, { limit: 1, order: 'asc' }))).toEqual(
    runIds,
  );
  const [run_id = ''] = runIds;
  const steps = await collectIds(threads.runs.steps.list(run_id, { thread_id, limit: 2 }));
  expect(new Set(steps).size).toBe(3);
  const runMessages = await collectIds(threads.messages.list(thread_id, { run_id, limit: 1 }));
  expect(new Set(runMessages).size).toBe(3);
});

test('raises the SDK’s error classes with code, param, type and request id', async () => {
  const { openai } = await setupOverHttp();
  const { assistants, threads } = openai.beta;
  const invalid = assistants
    .create({ model: 'm', temperature: 3 })
    .catch((error: unknown) => error);
  expect(await invalid).toBeInstanceOf(BadRequestError);
  expect(await invalid).toMatchObject({
    status: 400,
    code: 'decimal_above_max_value',
    param: 'temperature',
    type: 'invalid_request_error',
    requestID: expect.stringMatching(/^req_[0-9a-f]{32}$/u),
  });
  const missing = threads.retrieve('thread_x').catch((error: unknown) => error);
  expect(await missing).toBeInstanceOf(NotFoundError);
  expect(await missing).toMatchObject({ status: 404, code: null, param: null });
});
