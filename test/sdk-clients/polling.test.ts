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

/* Without `openai-poll-after-ms` each look would be 5 s after the one before, and these would fail. */

const look = /^GET .*\/runs\/[^/]+$/u;

test('createAndPoll and submitToolOutputsAndPoll look again at once', async () => {
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
  await harness.waitForRequests(3, look);
  first.open();
  const waiting = await created;
  expect(waiting.status).toBe('requires_action');

  const tool_outputs = callIds(waiting).map((tool_call_id) => ({ tool_call_id, output: 'snow' }));
  const submitted = runs.submitToolOutputsAndPoll(waiting.id, { thread_id, tool_outputs });
  await second.reached;
  await harness.waitForRequests(3, look);
  second.open();
  const completed = await submitted;
  expect(completed).toEqual(await runs.retrieve(waiting.id, { thread_id }));
  expect((await readMessages(harness, thread_id)).map(textOf)).toEqual([
    'Weather in Oslo?',
    'Snow.',
  ]);
});

test('createAndRunPoll', async () => {
  const harness = await setupOverHttp();
  harness.upstream.respondWith({ output: [textMessage('Hello.')] });
  const { id: assistant_id } = await createAssistant(harness);
  const run = await harness.openai.beta.threads.createAndRunPoll({ assistant_id, thread: {} });
  expect(run.status).toBe('completed');
  expect(harness.requests.filter((request) => look.test(request))).not.toEqual([]);
});

test('the wish of a run that moves is a few milliseconds, however it is asked', async () => {
  const harness = await setupOverHttp();
  const gate = createGate();
  harness.upstream.respondWith({ gate });
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const { runs } = harness.openai.beta.threads;
  const made = await runs.create(thread_id, { assistant_id }).withResponse();
  const read = await runs.retrieve(made.data.id, { thread_id }).withResponse();
  for (const { response } of [made, read]) {
    expect(Number(response.headers.get('openai-poll-after-ms'))).toBeLessThanOrEqual(50);
  }
  gate.open();
  expect((await runs.poll(made.data.id, { thread_id })).status).toBe('completed');
});
