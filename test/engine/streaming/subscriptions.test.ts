import { describe, expect, test } from 'vitest';
import { runStreamResponse } from '../../../src/engine/routes/run-stream.ts';
import { RunEventBus, type StreamEvent } from '../../../src/engine/events/event-bus.ts';
import { EventDeduplicator } from '../../../src/engine/events/event-deduplicator.ts';
import { createClock } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import {
  collect,
  eventData,
  deltaText,
  expectStreamMatchesStored,
  streamRun,
} from '../../support/run-stream.ts';
import { readMessages, readRun, textOf } from '../../support/conversation.ts';
import { createGate, type Turn } from '../../support/upstream.ts';
import { textMessage } from '../../support/upstream-items.ts';

const midText = { before: 'response.output_text.done' } as const;

const delta = (id: string, value: string, index = 0): StreamEvent => ({
  event: 'thread.message.delta',
  data: {
    id,
    object: 'thread.message.delta',
    delta: { content: [{ index, type: 'text', text: { value } }] },
  },
});

describe('a subscription', () => {
  test('returns the events since the last call, in order, and waits for the first', async () => {
    const events = new RunEventBus();
    const subscription = events.subscribe('run_1');
    const first = subscription.next();
    events.publish('run_1', delta('msg_1', 'a'));
    expect(await first).toEqual([delta('msg_1', 'a')]);
    events.publish('run_1', delta('msg_1', 'b'));
    events.publish('run_1', delta('msg_1', 'c'));
    events.publish('run_2', delta('msg_2', 'd'));
    expect(await subscription.next()).toEqual([delta('msg_1', 'b'), delta('msg_1', 'c')]);
  });

  test('joins queued text deltas of the same part', async () => {
    const events = new RunEventBus();
    const subscription = events.subscribe('run_1');
    for (let count = 0; count < 10_000; count += 1) events.publish('run_1', delta('msg_1', 'x'));
    for (let count = 0; count < 10; count += 1) events.publish('run_1', delta('msg_1', 'y', 1));
    const received = await subscription.next();
    expect(received.length).toBeLessThan(70);
    expect(received.at(-1)).toEqual(delta('msg_1', 'y'.repeat(10), 1));
    const text = deltaText(received, 'msg_1');
    expect(text).toBe('x'.repeat(10_000) + 'y'.repeat(10));
  });

  test('resolves a pending call when it is closed, and receives nothing afterwards', async () => {
    const events = new RunEventBus();
    const subscription = events.subscribe('run_1');
    const pending = subscription.next();
    subscription.close();
    expect(await pending).toEqual([]);
    events.publish('run_1', delta('msg_1', 'a'));
    expect(subscription.received).toBe(0);
  });
});

describe('an unread subscription', () => {
  const finalEvent = {
    event: 'error',
    data: { message: '', type: '', param: null, code: null },
  } as const;

  test('is dropped after the final event of its run, which it still returns', async () => {
    const events = new RunEventBus();
    const subscription = events.subscribe('run_1');
    events.publish('run_1', finalEvent);
    const next = events.subscribe('run_1');
    events.publish('run_1', delta('msg_1', 'a'));
    expect([subscription.received, next.received]).toEqual([1, 1]);
    expect(await subscription.next()).toEqual([finalEvent]);
    subscription.close();
    events.publish('run_1', delta('msg_1', 'b'));
    expect([subscription.received, next.received]).toEqual([1, 2]);
  });
});

describe('a client that disconnects', () => {
  test('has no subscription any more', async () => {
    const events = new RunEventBus();
    const subscription = events.subscribe('run_1');
    const clock = createClock();
    const source = {
      subscription,
      deduplicator: new EventDeduplicator(),
      replay: async () => [],
      clock,
      log: { error: () => {} },
    };
    const reader = runStreamResponse(source).body?.getReader();
    const read = reader?.read();
    await reader?.cancel();
    expect(await read).toEqual({ done: true, value: undefined });
    events.publish('run_1', delta('msg_1', 'a'));
    expect(subscription.received).toBe(0);
  });

  test('does not stop the run', async () => {
    const harness = await setup();
    const gate = createGate();
    harness.upstream.respondWith({ output: [textMessage('It is cold.')], gate, ...midText });
    const { stream, thread_id } = await streamRun(harness);
    await harness.engine.tick();
    await gate.reached;
    for await (const { event } of stream) {
      if (event === 'thread.message.delta') break;
    }
    expect(stream.controller.signal.aborted).toBe(true);
    gate.open();
    await harness.engine.idle();
    const { data } = await harness.openai.beta.threads.runs.list(thread_id);
    expect(data.map(({ status }) => status)).toEqual(['completed']);
    expect((await readMessages(harness, thread_id)).map(textOf).at(-1)).toBe('It is cold.');
  });

  test('before the first event does not stop the run', async () => {
    const harness = await setup();
    harness.upstream.respondWith({});
    const { stream, thread_id } = await streamRun(harness);
    stream.controller.abort();
    await harness.runToEnd();
    const { data } = await harness.openai.beta.threads.runs.list(thread_id);
    expect(data.map(({ status }) => status)).toEqual(['completed']);
  });
});

test('an idle stream sends a keep-alive comment at least every 15 seconds', async () => {
  const harness = await setup();
  const gate = createGate();
  harness.upstream.respondWith({ gate });
  const { id: assistant_id } = await harness.openai.beta.assistants.create({ model: 'm' });
  const thread = { messages: [{ role: 'user', content: 'Hello.' }] };
  const body = JSON.stringify({ assistant_id, thread, stream: true });
  const request = new Request('http://embedded/v1/threads/runs', { method: 'POST', body });
  const response = await harness.fetch(request);
  await harness.engine.tick();
  await gate.reached;
  const pendingText = response.text();
  await harness.clock.advance(45_000);
  gate.open();
  const text = await pendingText;
  expect(text.split('\n\n').filter((frame) => frame === ': keep-alive')).toHaveLength(3);
  expect(text.endsWith('event: done\ndata: [DONE]\n\n')).toBe(true);
});

/** Splits the text into one delta per character. */
const splitText: Turn['edit'] = (events) =>
  events.flatMap((event): typeof events =>
    event.type === 'response.output_text.delta'
      ? Array.from(event.delta, (character) => ({ ...event, delta: character }))
      : [event],
  );

test('one unread stream of 200 delays no other and queues few deltas', async () => {
  const text = 'x'.repeat(3000);
  const gate = createGate(200);
  const harness = await setup({
    concurrency: 200,
    defaultTurn: ({ instructions }) => ({
      output: [textMessage(instructions === 'slow' ? text : 'Hello.')],
      gate,
      ...midText,
      edit: splitText,
    }),
  });
  const slow = await streamRun(harness, { instructions: 'slow' });
  const others = await Promise.all(Array.from({ length: 199 }, () => streamRun(harness)));
  const collected = others.map(({ stream }) => collect(stream));
  await harness.engine.tick();
  await gate.reached;
  gate.open();
  for (const events of await Promise.all(collected)) {
    const [message] = eventData(events, 'thread.message.completed');
    expect(message && textOf(message)).toBe('Hello.');
    expect(deltaText(events, message?.id ?? '')).toBe('Hello.');
  }
  await harness.engine.idle();
  const events = await collect(slow.stream);
  const [run] = eventData(events, 'thread.run.completed');
  expect(run && (await readRun(harness, run)).status).toBe('completed');
  expect(eventData(events, 'thread.message.delta').length).toBeLessThan(200);
  await expectStreamMatchesStored(harness, events);
});
