import { expect, test } from 'vitest';
import { createAssistant, createThread, readMessages } from '../../support/conversation.ts';
import { eventLoopTurn } from '../../support/clock.ts';
import { type Harness, setup } from '../../support/engine.ts';
import {
  callEventNames,
  collect,
  eventData,
  eventNames,
  expectStreamMatchesStored,
  messageEventNames,
  startedEventNames,
  type StreamEvent,
} from '../../support/run-stream.ts';
import { callIds } from '../../support/conversation.ts';
import { createGate, type Turn } from '../../support/upstream.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';

/* Streams of requests that are repeated with the same Idempotency-Key. */

const options = { headers: { 'idempotency-key': 'key-1' } };

async function setupThread(...turns: Turn[]) {
  const harness = await setup();
  harness.upstream.respondWith(...turns);
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const stream = () =>
    harness.openai.beta.threads.runs.create(thread_id, { assistant_id, stream: true }, options);
  return { harness, assistant_id, thread_id, stream };
}

/** Reads a stream to its end, of whose run another stream or a pass of the worker takes care. */
async function collectPolling({ clock }: Harness, stream: AsyncIterable<StreamEvent>) {
  const events = collect(stream);
  await eventLoopTurn();
  await clock.advance(1000);
  return events;
}

const messageStream = [...startedEventNames, ...messageEventNames, 'run.completed'];

test('a repeated stream of an ended run has all its events', async () => {
  const { harness, thread_id, stream } = await setupThread({ output: [textMessage('Hello.')] });
  const events = collect(await stream());
  await harness.runToEnd();
  const first = await events;
  const repeated = await collect(await stream());
  expect(eventNames(repeated)).toEqual(messageStream);
  await expectStreamMatchesStored(harness, repeated);
  expect(eventData(repeated, 'thread.run.completed')).toEqual(
    eventData(first, 'thread.run.completed'),
  );
  expect(await readMessages(harness, thread_id)).toHaveLength(2);
  expect(harness.upstream.requests).toHaveLength(1);
});

test('a repeated stream of a run in the middle of a message has the complete message', async () => {
  const gate = createGate();
  const turn = {
    output: [textMessage('Hello, world.')],
    gate,
    before: 'response.output_text.done',
  } as const;
  const { harness, stream } = await setupThread(turn);
  const first = collect(await stream());
  await harness.engine.tick();
  await gate.reached;
  const second = collectPolling(harness, await stream());
  await eventLoopTurn();
  gate.open();
  await harness.engine.idle();
  const repeated = await second;
  expect(eventNames(repeated)).toEqual(messageStream);
  await expectStreamMatchesStored(harness, repeated);
  expect(eventNames(await first)).toEqual(messageStream);
  expect(harness.upstream.requests).toHaveLength(1);
});

test('a repeated stream of a thread and run begins with the thread', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [textMessage('Hello.')] });
  const { id: assistant_id } = await createAssistant(harness);
  const thread = { messages: [{ role: 'user' as const, content: 'Hello.' }] };
  const body = { assistant_id, thread, stream: true as const };
  const stream = () => harness.openai.beta.threads.createAndRun(body, options);
  const events = collect(await stream());
  await harness.runToEnd();
  const [created] = eventData(await events, 'thread.created');
  const repeated = await collect(await stream());
  expect(eventNames(repeated)).toEqual(['created', ...messageStream]);
  expect(eventData(repeated, 'thread.created')).toEqual([created]);
  await expectStreamMatchesStored(harness, repeated);
});

test('a repeated stream of submitted outputs leaves out the events before them', async () => {
  const { harness, stream } = await setupThread(
    { output: [textMessage('Wait.'), functionCall('get_weather', {})] },
    { output: [textMessage('Snow.')] },
  );
  const before = collect(await stream());
  await harness.runToEnd();
  const [waiting] = eventData(await before, 'thread.run.requires_action');
  if (waiting === undefined) throw new Error('the run requires no outputs');
  const tool_outputs = callIds(waiting).map((tool_call_id) => ({ tool_call_id, output: 'snow' }));
  const { id, thread_id } = waiting;
  const submit = () =>
    harness.openai.beta.threads.runs.submitToolOutputs(
      id,
      { thread_id, tool_outputs, stream: true },
      options,
    );
  const after = collect(await submit());
  await harness.runToEnd();
  const first = await after;
  const repeated = await collect(await submit());
  expect(eventNames(repeated).toSorted()).toEqual(eventNames(first).toSorted());
  await expectStreamMatchesStored(harness, repeated);
  expect(harness.upstream.requests).toHaveLength(2);
  const again = await collect(await stream());
  expect(eventNames(again)).toEqual([
    ...startedEventNames,
    ...messageEventNames,
    ...callEventNames,
    'run.step.completed',
    ...messageEventNames,
    'run.completed',
  ]);
});

test('a repeated stream tells that its thread was deleted', async () => {
  const harness = await setup();
  const { id: assistant_id } = await createAssistant(harness);
  const body = { assistant_id, stream: true as const };
  const thread = { messages: [{ role: 'user' as const, content: 'Hello.' }] };
  const stream = () => harness.openai.beta.threads.createAndRun({ ...body, thread }, options);
  const outcome = collect(await stream()).catch((error: unknown) => error);
  const { data } = (await harness.request('GET', '/threads')).body;
  await harness.openai.beta.threads.delete(data[0].id);
  await outcome;
  await expect(collect(await stream())).rejects.toThrow('The thread was deleted');
});
