import { BadRequestError, NotFoundError } from 'openai';
import { expect, test } from 'vitest';
import { setupOverHttp } from '../support/http.ts';
import { createAssistant, createThread, readSteps, weatherTool } from '../support/conversation.ts';
import { functionCall, textMessage } from '../support/upstream-items.ts';

/** The ids that a `for await` over a list comes to, page after page. */
async function walk(list: AsyncIterable<{ id: string }>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of list) ids.push(id);
  return ids;
}

test('assistants: create, retrieve, update, list, delete', async () => {
  const { openai } = await setupOverHttp();
  const { assistants } = openai.beta;
  const made = await assistants.create({
    model: 'gpt-4.1-mini',
    name: 'Weather',
    tools: [weatherTool],
    metadata: { a: '1' },
  });
  expect(await assistants.retrieve(made.id)).toEqual(made);
  const changed = await assistants.update(made.id, { name: null, metadata: { b: '2' } });
  expect(changed).toEqual({ ...made, name: null, metadata: { b: '2' } });
  expect((await assistants.list()).data).toEqual([changed]);
  expect(await assistants.delete(made.id)).toEqual({
    id: made.id,
    object: 'assistant.deleted',
    deleted: true,
  });
  expect((await assistants.list()).data).toEqual([]);
});

test('threads: create, retrieve, update, delete', async () => {
  const { openai } = await setupOverHttp();
  const { threads } = openai.beta;
  const empty = await threads.create();
  expect(empty).toMatchObject({ object: 'thread', metadata: {}, tool_resources: {} });
  const changed = await threads.update(empty.id, { metadata: { a: '1' } });
  expect(await threads.retrieve(empty.id)).toEqual(changed);
  expect(changed.metadata).toEqual({ a: '1' });
  expect(await threads.delete(empty.id)).toMatchObject({ deleted: true });
  await expect(threads.retrieve(empty.id)).rejects.toThrow(NotFoundError);
});

test('messages: create, retrieve, update, list, delete', async () => {
  const harness = await setupOverHttp();
  const { messages } = harness.openai.beta.threads;
  const { id: thread_id } = await createThread(harness);
  const made = await messages.create(thread_id, {
    role: 'user',
    content: [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
      { type: 'image_file', image_file: { file_id: 'file-a', detail: 'low' } },
    ],
    attachments: [{ file_id: 'file-b', tools: [{ type: 'code_interpreter' }] }],
  });
  expect(made.content).toEqual([
    { type: 'text', text: { value: 'What is this?', annotations: [] } },
    { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'auto' } },
    { type: 'image_file', image_file: { file_id: 'file-a', detail: 'low' } },
  ]);
  expect(await messages.retrieve(made.id, { thread_id })).toEqual(made);
  const changed = await messages.update(made.id, { thread_id, metadata: { a: '1' } });
  expect(changed).toEqual({ ...made, metadata: { a: '1' } });
  const { data } = await messages.list(thread_id);
  expect(data[0]).toEqual(changed);
  expect(await messages.delete(made.id, { thread_id })).toMatchObject({ deleted: true });
  expect((await messages.list(thread_id)).data).toHaveLength(1);
});

test('runs and steps: create, retrieve, update, list, cancel, outputs', async () => {
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
  const changed = await runs.update(waiting.id, { thread_id, metadata: { a: '1' } });
  expect(changed).toEqual({ ...waiting, metadata: { a: '1' } });
  const tool_outputs = [{ tool_call_id: 'call_1', output: 'snow' }];
  const queued = await runs.submitToolOutputs(waiting.id, { thread_id, tool_outputs });
  expect(queued).toEqual({ ...changed, status: 'queued', required_action: null });
  const completed = await runs.poll(waiting.id, { thread_id });
  const steps = await readSteps(harness, completed);
  expect(steps.map(({ type, status }) => [type, status])).toEqual([
    ['tool_calls', 'completed'],
    ['message_creation', 'completed'],
  ]);
  const include = ['step_details.tool_calls[*].file_search.results[*].content' as const];
  const place = { thread_id, run_id: completed.id, include };
  for (const step of steps) expect(await runs.steps.retrieve(step.id, place)).toEqual(step);
  const again = await runs.createAndPoll(thread_id, { assistant_id });
  expect((await runs.cancel(again.id, { thread_id })).status).toBe('cancelling');
  expect((await runs.poll(again.id, { thread_id })).status).toBe('cancelled');
  expect(await walk(runs.list(thread_id))).toEqual([again.id, completed.id]);
});

test('for await walks every list to its end', async () => {
  const harness = await setupOverHttp({
    defaultTurn: () => ({ output: [textMessage('a'), textMessage('b'), textMessage('c')] }),
  });
  const { assistants, threads } = harness.openai.beta;
  const made: string[] = [];
  for (let count = 0; count < 7; count += 1) made.push((await createAssistant(harness)).id);
  expect(await walk(assistants.list({ limit: 3 }))).toEqual(made.toReversed());
  expect(await walk(assistants.list({ limit: 3, order: 'asc' }))).toEqual(made);
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

  const runs: string[] = [];
  for (const assistant_id of made.slice(0, 3)) {
    runs.push((await threads.runs.createAndPoll(thread_id, { assistant_id })).id);
  }
  expect(await walk(threads.runs.list(thread_id, { limit: 1, order: 'asc' }))).toEqual(runs);
  const [run_id = ''] = runs;
  const steps = await walk(threads.runs.steps.list(run_id, { thread_id, limit: 2 }));
  expect(new Set(steps).size).toBe(3);
  const own = await walk(threads.messages.list(thread_id, { run_id, limit: 1 }));
  expect(new Set(own).size).toBe(3);
});

test('refusals are the error classes of the SDK, with code, param, type and request id', async () => {
  const { openai } = await setupOverHttp();
  const { assistants, threads } = openai.beta;
  const wrong = assistants.create({ model: 'm', temperature: 3 }).catch((error: unknown) => error);
  expect(await wrong).toBeInstanceOf(BadRequestError);
  expect(await wrong).toMatchObject({
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
