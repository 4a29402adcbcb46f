import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../support/clock.ts';
import { setup, type Harness } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import {
  startedEventNames,
  callEventNames,
  collect,
  eventData,
  expectStreamMatchesStored,
  messageEventNames,
  eventNames,
  type StreamEvent,
  streamOutputs,
  streamRun,
  streamRunToEnd,
} from '../../support/run-stream.ts';
import { readMessages, readRun, readSteps } from '../../support/conversation.ts';
import { createGate, type Turn } from '../../support/upstream.ts';
import { incompleteMessage, functionCall, textMessage } from '../../support/upstream-items.ts';

const cutStory = [...messageEventNames.slice(0, 5), 'message.incomplete'];
const half = { before: 'response.output_text.done' } as const;

describe('a model that fails', () => {
  const error = { code: null, message: 'No.' };
  const failed = { code: 'vector_store_timeout', message: 'No.' };
  test.each<[string, Turn, string[]]>([
    ['before it says anything', { http: { status: 500, error: { message: 'No.' } } }, []],
    ['by an event at the end', { failed }, []],
    [
      'by an error after a message',
      { output: [textMessage('It is')], errorEvent: error },
      messageEventNames,
    ],
    [
      'in the middle of a message',
      { output: [textMessage('It is')], broken: { how: 'error', ...half } },
      [...cutStory, 'run.step.failed'],
    ],
    [
      'by ending without an end',
      { output: [textMessage('It is')], broken: { how: 'end', ...half } },
      [...cutStory, 'run.step.failed'],
    ],
  ])('%s', async (_, turn, between) => {
    const harness = await setup();
    harness.upstream.respondWith(turn);
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([...startedEventNames, ...between, 'run.failed']);
    const [run] = eventData(events, 'thread.run.failed');
    expect(run?.last_error).toMatchObject({ code: 'server_error' });
    for (const message of eventData(events, 'thread.message.incomplete')) {
      expect(message.incomplete_details).toEqual({ reason: 'run_failed' });
    }
    await expectStreamMatchesStored(harness, events);
  });

  test('by being asked too often', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ http: { status: 429, error: { message: 'Slow down.' } } });
    const { events } = await streamRunToEnd(harness);
    expect(eventData(events, 'thread.run.failed')[0]?.last_error).toMatchObject({
      code: 'rate_limit_exceeded',
    });
    await expectStreamMatchesStored(harness, events);
  });
});

describe('a model that is cut off', () => {
  test.each<[string, Turn, string, object | null]>([
    [
      'by its length',
      { output: [incompleteMessage('It is')], incomplete: 'max_output_tokens' },
      'max_tokens',
      { reason: 'max_completion_tokens' },
    ],
    [
      'by a filter',
      { output: [incompleteMessage('It is')], incomplete: 'content_filter' },
      'content_filter',
      null,
    ],
  ])('%s', async (_, turn, reason, details) => {
    const harness = await setup();
    harness.upstream.respondWith(turn);
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([
      ...startedEventNames,
      ...cutStory,
      'run.step.completed',
      'run.incomplete',
    ]);
    const [message] = eventData(events, 'thread.message.incomplete');
    expect(message?.incomplete_details).toEqual({ reason });
    expect(eventData(events, 'thread.run.incomplete')[0]?.incomplete_details).toEqual(details);
    await expectStreamMatchesStored(harness, events);
  });

  test('in the arguments of a call: nobody hears of the call', async () => {
    const harness = await setup();
    harness.upstream.respondWith({
      output: [functionCall('f', '{"ci')],
      incomplete: 'max_output_tokens',
    });
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([...startedEventNames, 'run.incomplete']);
    await expectStreamMatchesStored(harness, events);
  });

  test('before it says anything, by a filter', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [], incomplete: 'content_filter' });
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([...startedEventNames, 'run.failed']);
    await expectStreamMatchesStored(harness, events);
  });
});

/** A stream in the middle of a message. */
async function midMessage(harness: Harness, rest: Turn = {}) {
  const gate = createGate();
  harness.upstream.respondWith({ output: [textMessage('It is -3C.')], gate, ...half, ...rest });
  const { stream, ...made } = await streamRun(harness);
  const events = collect(stream);
  await harness.engine.tick();
  await gate.reached;
  const { data } = await harness.openai.beta.threads.runs.list(made.thread_id);
  const [run] = data;
  if (run === undefined) throw new Error('there is no run');
  return { ...made, gate, run, events };
}

describe('a run that is ended while it is streamed', () => {
  test('by a cancel', async () => {
    const harness = await setup();
    const { run, thread_id, events } = await midMessage(harness);
    await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
    const told = await events;
    expect(eventNames(told)).toEqual([
      ...startedEventNames,
      ...messageEventNames.slice(0, 5),
      'run.cancelling',
      'message.incomplete',
      'run.step.cancelled',
      'run.cancelled',
    ]);
    await expectStreamMatchesStored(harness, told);
  });

  test('by a cancel before it has begun', async () => {
    const harness = await setup();
    harness.upstream.respondWith({});
    const { stream, thread_id } = await streamRun(harness);
    const { data } = await harness.openai.beta.threads.runs.list(thread_id);
    await harness.openai.beta.threads.runs.cancel(data[0]?.id ?? '', { thread_id });
    await harness.runToEnd();
    const told = await collect(stream);
    expect(eventNames(told)).toEqual([
      'run.created',
      'run.queued',
      'run.cancelling',
      'run.cancelled',
    ]);
    expect(harness.upstream.requests).toEqual([]);
    await expectStreamMatchesStored(harness, told);
  });

  test('by its deadline', async () => {
    const harness = await setup({ runLifetime: 200 });
    const { events } = await midMessage(harness);
    await harness.clock.advance(200_000);
    const told = await events;
    expect(eventNames(told)).toEqual([
      ...startedEventNames,
      ...cutStory,
      'run.step.expired',
      'run.expired',
    ]);
    expect(eventData(told, 'thread.message.incomplete')[0]?.incomplete_details).toEqual({
      reason: 'run_expired',
    });
    await expectStreamMatchesStored(harness, told);
  });

  test('by its deadline while it is queued', async () => {
    const harness = await setup();
    const { stream } = await streamRun(harness);
    const events = collect(stream);
    await harness.clock.advance(600_000);
    await harness.engine.tick();
    const told = await events;
    expect(eventNames(told)).toEqual(['run.created', 'run.queued', 'run.expired']);
    await expectStreamMatchesStored(harness, told);
  });

  test('by the deletion of its thread', async () => {
    const harness = await setup();
    const { thread_id, events } = await midMessage(harness);
    const outcome = events.catch((error: unknown) => error);
    await harness.openai.beta.threads.delete(thread_id);
    expect(await outcome).toMatchObject({
      message: 'The thread was deleted while its run was streamed.',
      type: 'server_error',
    });
    await harness.engine.idle();
    expect(harness.upstream.requests[0]?.signal?.aborted).toBe(true);
  });

  test('by the end of the engine: it goes on with the next', async () => {
    const harness = await setup();
    const { events } = await midMessage(harness);
    const outcome = events.catch((error: unknown) => error);
    await harness.engine.stop(0);
    expect(await outcome).toMatchObject({
      message: 'The server is shutting down. The run resumes when it restarts.',
      type: 'server_error',
    });
  });
});

test('a fault of the store in the middle of a stream ends it with an error', async () => {
  const database = temporary();
  const harness = await setup({ database });
  const { gate, events } = await midMessage(harness);
  const connection = new DatabaseSync(database);
  connection.exec('alter table runs rename to elsewhere');
  const outcome = events.catch((error: unknown) => error);
  gate.open();
  await harness.engine.idle();
  expect(await outcome).toMatchObject({
    message: 'The server had an error processing your request. Sorry about that!',
    type: 'server_error',
  });
  connection.exec('alter table elsewhere rename to runs');
  connection.close();
});

test('a stream is over when outputs are asked for, and hears of no expiry', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [functionCall('get_weather', {})] });
  const { events } = await streamRunToEnd(harness);
  expect(eventNames(events)).toEqual([
    ...startedEventNames,
    ...callEventNames,
    'run.requires_action',
  ]);
  await harness.clock.advance(600_000);
  const [told] = eventData(events, 'thread.run.requires_action');
  if (told === undefined) throw new Error('the run asks for nothing');
  const run = await readRun(harness, told);
  expect(run.status).toBe('expired');
  await expect(streamOutputs(harness, told)).rejects.toMatchObject({
    status: 400,
    error: { message: 'Runs in status "expired" do not accept tool outputs.' },
  });
});

test('what is read while a message is streamed is the message without its text', async () => {
  const harness = await setup();
  const { gate, run, thread_id, events } = await midMessage(harness);
  const [, message] = await readMessages(harness, thread_id);
  expect(message).toMatchObject({ status: 'in_progress', content: [], completed_at: null });
  expect(await readSteps(harness, run)).toMatchObject([{ status: 'in_progress', usage: null }]);
  expect(await readRun(harness, run)).toMatchObject({ status: 'in_progress', usage: null });
  gate.open();
  const told = await events;
  expect(eventData(told, 'thread.message.created')).toEqual([message]);
  await expectStreamMatchesStored(harness, told);
});

test('two messages of which the second is cut off by a cancel', async () => {
  const harness = await setup();
  const gate = createGate();
  harness.upstream.respondWith({ output: [textMessage('Let me see.'), textMessage('It')], gate });
  const { stream, thread_id } = await streamRun(harness);
  const told: StreamEvent[] = [];
  const read = (async () => {
    for await (const event of stream) told.push(event);
  })();
  await harness.engine.tick();
  await gate.reached;
  await waitUntil(() => eventData(told, 'thread.message.created').length === 2);
  const { data } = await harness.openai.beta.threads.runs.list(thread_id);
  await harness.openai.beta.threads.runs.cancel(data[0]?.id ?? '', { thread_id });
  await read;
  expect(eventNames(told).slice(-4)).toEqual([
    'run.cancelling',
    'message.completed',
    'run.step.completed',
    'run.cancelled',
  ]);
  await expectStreamMatchesStored(harness, told);
});
