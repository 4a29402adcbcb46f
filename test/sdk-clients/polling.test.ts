import { expect, test } from 'vitest';
import { setupOverHttp } from '../support/http.ts';
import {
  callIds,
  createAssistant,
  createThread,
  readMessages,
  textOf,
} from '../support/conversation.ts';
import { createGate } from '../support/upstream.ts';
import { functionCall, textMessage } from '../support/upstream-items.ts';

/* Without `openai-poll-after-ms` the SDK polls every 5 s, and these tests time out. */

const runRequest = /^GET .*\/runs\/[^/]+$/u;

test('createAndPoll and submitToolOutputsAndPoll poll several times a second', async () => {
  const harness = await setupOverHttp();
  const [first, second] = [createGate(), createGate()];
  harness.upstream.respondWith(
    { output: [functionCall('get_weather', { city: 'Oslo' })], gate: first },
    { output: [textMessage('Snow.')], gate: second },
  );
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const { runs } = harness.openai.beta.threads;

  const created = runs.createAndPoll(thread_id, { assistant_id });
  await first.reached;
  await harness.waitForRequests(3, runRequest);
  first.open();
  const waiting = await created;
  expect(waiting.status).toBe('requires_action');

  const tool_outputs = callIds(waiting).map((tool_call_id) => ({ tool_call_id, output: 'snow' }));
  const submitted = runs.submitToolOutputsAndPoll(waiting.id, { thread_id, tool_outputs });
  await second.reached;
  await harness.waitForRequests(3, runRequest);
  second.open();
  const completed = await submitted;
  expect(completed).toEqual(await runs.retrieve(waiting.id, { thread_id }));
  expect((await readMessages(harness, thread_id)).map(textOf)).toEqual([
    'Weather in Oslo?',
    'Snow.',
  ]);
});

test('createAndRunPoll polls until the run completes', async () => {
  const harness = await setupOverHttp();
  harness.upstream.respondWith({ output: [textMessage('Hello.')] });
  const { id: assistant_id } = await createAssistant(harness);
  const run = await harness.openai.beta.threads.createAndRunPoll({ assistant_id, thread: {} });
  expect(run.status).toBe('completed');
  expect(harness.requests.filter((request) => runRequest.test(request))).not.toEqual([]);
});

test('sends openai-poll-after-ms of at most 50 with a running run', async () => {
  const harness = await setupOverHttp();
  const gate = createGate();
  harness.upstream.respondWith({ gate });
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const { runs } = harness.openai.beta.threads;
  const created = await runs.create(thread_id, { assistant_id }).withResponse();
  const read = await runs.retrieve(created.data.id, { thread_id }).withResponse();
  for (const { response } of [created, read]) {
    expect(Number(response.headers.get('openai-poll-after-ms'))).toBeLessThanOrEqual(50);
  }
  gate.open();
  expect((await runs.poll(created.data.id, { thread_id })).status).toBe('completed');
});
