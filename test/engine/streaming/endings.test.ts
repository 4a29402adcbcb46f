import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../support/clock.ts';
import { setup, type Harness } from '../../support/engine.ts';
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

const incompleteMessageNames = [...messageEventNames.slice(0, 5), 'message.incomplete'];
const midText = { before: 'response.output_text.done' } as const;

describe('a run whose model fails', () => {
  const error = { code: null, message: 'No.' };
  const failed = { code: 'vector_store_timeout', message: 'No.' };
  test.each<[string, Turn, string[]]>([
    ['before any output', { http: { status: 500, error: { message: 'No.' } } }, []],
    ['by a failed event', { failed }, []],
    [
      'by an error event after a message',
      { output: [textMessage('It is')], errorEvent: error },
      messageEventNames,
    ],
    [
      'in the middle of a message',
      { output: [textMessage('It is')], broken: { how: 'error', ...midText } },
      [...incompleteMessageNames, 'run.step.failed'],
    ],
    [
      'by a stream that ends too early',
      { output: [textMessage('It is')], broken: { how: 'end', ...midText } },
      [...incompleteMessageNames, 'run.step.failed'],
    ],
  ])('%s, streams run.failed as its final event', async (_, turn, namesBefore) => {
    const harness = await setup();
    harness.upstream.respondWith(turn);
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([...startedEventNames, ...namesBefore, 'run.failed']);
    const [run] = eventData(events, 'thread.run.failed');
    expect(run?.last_error).toMatchObject({ code: 'server_error' });
    for (const message of eventData(events, 'thread.message.incomplete')) {
      expect(message.incomplete_details).toEqual({ reason: 'run_failed' });
    }
    await expectStreamMatchesStored(harness, events);
  });

  test('with a rate limit, streams the code rate_limit_exceeded', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ http: { status: 429, error: { message: 'Slow down.' } } });
    const { events } = await streamRunToEnd(harness);
    expect(eventData(events, 'thread.run.failed')[0]?.last_error).toMatchObject({
      code: 'rate_limit_exceeded',
    });
    await expectStreamMatchesStored(harness, events);
  });
});

describe('a model call that is truncated', () => {
  test.each<[string, Turn, string, object | null]>([
    [
      'by its token limit',
      { output: [incompleteMessage('It is')], incomplete: 'max_output_tokens' },
      'max_tokens',
      { reason: 'max_completion_tokens' },
    ],
    [
      'by a content filter',
      { output: [incompleteMessage('It is')], incomplete: 'content_filter' },
      'content_filter',
      null,
    ],
  ])('%s, streams message.incomplete and run.incomplete', async (_, turn, reason, details) => {
    const harness = await setup();
    harness.upstream.respondWith(turn);
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([
      ...startedEventNames,
      ...incompleteMessageNames,
      'run.step.completed',
      'run.incomplete',
    ]);
    const [message] = eventData(events, 'thread.message.incomplete');
    expect(message?.incomplete_details).toEqual({ reason });
    expect(eventData(events, 'thread.run.incomplete')[0]?.incomplete_details).toEqual(details);
    await expectStreamMatchesStored(harness, events);
  });

  test('in the arguments of a function call, streams nothing of that call', async () => {
    const harness = await setup();
    harness.upstream.respondWith({
      output: [functionCall('f', '{"ci')],
      incomplete: 'max_output_tokens',
    });
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([...startedEventNames, 'run.incomplete']);
    await expectStreamMatchesStored(harness, events);
  });

  test('by a content filter before any output, streams run.failed', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [], incomplete: 'content_filter' });
    const { events } = await streamRunToEnd(harness);
    expect(eventNames(events)).toEqual([...startedEventNames, 'run.failed']);
    await expectStreamMatchesStored(harness, events);
  });
});

/** A stream held in the middle of a message. */
async function streamToMidMessage(harness: Harness, turn: Turn = {}) {
  const gate = createGate();
  harness.upstream.respondWith({
    output: [textMessage('It is -3C.')],
    gate,
    ...midText,
    ...turn,
  });
  const { stream, ...created } = await streamRun(harness);
  const events = collect(stream);
  await harness.engine.tick();
  await gate.reached;
  const { data } = await harness.openai.beta.threads.runs.list(created.thread_id);
  const [run] = data;
  if (run === undefined) throw new Error('there is no run');
  return { ...created, gate, run, events };
}

describe('a run that ends while it is streamed', () => {
  test('by a cancel, streams run.cancelling and run.cancelled', async () => {
    const harness = await setup();
    const { run, thread_id, events } = await streamToMidMessage(harness);
    await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
    const received = await events;
    expect(eventNames(received)).toEqual([
      ...startedEventNames,
      ...messageEventNames.slice(0, 5),
      'run.cancelling',
      'message.incomplete',
      'run.step.cancelled',
      'run.cancelled',
    ]);
    await expectStreamMatchesStored(harness, received);
  });

  test('by a cancel in the queue, streams no step', async () => {
    const harness = await setup();
    harness.upstream.respondWith({});
    const { stream, thread_id } = await streamRun(harness);
    const { data } = await harness.openai.beta.threads.runs.list(thread_id);
    await harness.openai.beta.threads.runs.cancel(data[0]?.id ?? '', { thread_id });
    await harness.runToEnd();
    const received = await collect(stream);
    expect(eventNames(received)).toEqual([
      'run.created',
      'run.queued',
      'run.cancelling',
      'run.cancelled',
    ]);
    expect(harness.upstream.requests).toEqual([]);
    await expectStreamMatchesStored(harness, received);
  });

  test('by its deadline, streams run.expired', async () => {
    const harness = await setup({ runLifetime: 200 });
    const { events } = await streamToMidMessage(harness);
    await harness.clock.advance(200_000);
    const received = await events;
    expect(eventNames(received)).toEqual([
      ...startedEventNames,
      ...incompleteMessageNames,
      'run.step.expired',
      'run.expired',
    ]);
    expect(eventData(received, 'thread.message.incomplete')[0]?.incomplete_details).toEqual({
      reason: 'run_expired',
    });
    await expectStreamMatchesStored(harness, received);
  });

  test('by its deadline in the queue, streams run.expired', async () => {
    const harness = await setup();
    const { stream } = await streamRun(harness);
    const events = collect(stream);
    await harness.clock.advance(600_000);
    await harness.engine.tick();
    const received = await events;
    expect(eventNames(received)).toEqual(['run.created', 'run.queued', 'run.expired']);
    await expectStreamMatchesStored(harness, received);
  });

  test('by the deletion of its thread, streams an error event', async () => {
    const harness = await setup();
    const { thread_id, events } = await streamToMidMessage(harness);
    const outcome = events.catch((error: unknown) => error);
    await harness.openai.beta.threads.delete(thread_id);
    expect(await outcome).toMatchObject({
      message: 'The thread was deleted while its run was streamed.',
      type: 'server_error',
    });
    await harness.engine.idle();
    expect(harness.upstream.requests[0]?.signal?.aborted).toBe(true);
  });

  test('by the shutdown of the engine, streams an error event', async () => {
    const harness = await setup();
    const { events } = await streamToMidMessage(harness);
    const outcome = events.catch((error: unknown) => error);
    await harness.engine.stop(0);
    expect(await outcome).toMatchObject({
      message: 'The server is shutting down. The run resumes when it restarts.',
      type: 'server_error',
    });
  });
});

test('a stream ends with requires_action and does not wait for the expiry', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [functionCall('get_weather', {})] });
  const { events } = await streamRunToEnd(harness);
  expect(eventNames(events)).toEqual([
    ...startedEventNames,
    ...callEventNames,
    'run.requires_action',
  ]);
  await harness.clock.advance(600_000);
  const [received] = eventData(events, 'thread.run.requires_action');
  if (received === undefined) throw new Error('the run requires no outputs');
  const run = await readRun(harness, received);
  expect(run.status).toBe('expired');
  await expect(streamOutputs(harness, received)).rejects.toMatchObject({
    status: 400,
    error: { message: 'Runs in status "expired" do not accept tool outputs.' },
  });
});

test('a message that is being streamed can be read, without its text', async () => {
  const harness = await setup();
  const { gate, run, thread_id, events } = await streamToMidMessage(harness);
  const [, message] = await readMessages(harness, thread_id);
  expect(message).toMatchObject({ status: 'in_progress', content: [], completed_at: null });
  expect(await readSteps(harness, run)).toMatchObject([{ status: 'in_progress', usage: null }]);
  expect(await readRun(harness, run)).toMatchObject({ status: 'in_progress', usage: null });
  gate.open();
  const received = await events;
  expect(eventData(received, 'thread.message.created')).toEqual([message]);
  await expectStreamMatchesStored(harness, received);
});

test('a cancel before the second message completes the first', async () => {
  const harness = await setup();
  const gate = createGate();
  harness.upstream.respondWith({ output: [textMessage('Let me see.'), textMessage('It')], gate });
  const { stream, thread_id } = await streamRun(harness);
  const received: StreamEvent[] = [];
  const read = (async () => {
    for await (const event of stream) received.push(event);
  })();
  await harness.engine.tick();
  await gate.reached;
  await waitUntil(() => eventData(received, 'thread.message.created').length === 2);
  const { data } = await harness.openai.beta.threads.runs.list(thread_id);
  await harness.openai.beta.threads.runs.cancel(data[0]?.id ?? '', { thread_id });
  await read;
  expect(eventNames(received).slice(-4)).toEqual([
    'run.cancelling',
    'message.completed',
    'run.step.completed',
    'run.cancelled',
  ]);
  await expectStreamMatchesStored(harness, received);
});
