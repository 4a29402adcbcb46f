import { expect, test } from 'vitest';
import { createClock, eventLoopTurn } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import {
  startedEventNames,
  callEventNames,
  collect,
  eventData,
  expectStreamMatchesStored,
  messageEventNames,
  eventNames,
  streamOutputs,
  streamRun,
} from '../../support/run-stream.ts';
import { readRun, submitOutputs } from '../../support/conversation.ts';
import { createGate, type Turn } from '../../support/upstream.ts';
import { functionCall, refusalMessage, textMessage } from '../../support/upstream-items.ts';

/* Runs that one engine streams and another executes, on the same database. */

async function setupPair(...turns: Turn[]) {
  const database = temporary();
  const streamer = await setup({ database });
  const executor = await setup({ database, ids: streamer.ids, clock: streamer.clock });
  executor.upstream.respondWith(...turns);
  return { streamer, executor };
}

test('a run executed by another process is streamed with a delay of a second', async () => {
  const cited = { type: 'file_citation', file_id: 'file-a', filename: 'a', index: 3 } as const;
  const { streamer, executor } = await setupPair({
    output: [textMessage('It is cold.', [cited]), refusalMessage('No more.'), textMessage('🥶')],
  });
  const { stream } = await streamRun(streamer);
  const events = collect(stream);
  await executor.runToEnd();
  await streamer.clock.advance(1000);
  const received = await events;
  expect(eventNames(received)).toEqual([
    ...startedEventNames,
    ...messageEventNames,
    ...messageEventNames,
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(streamer, received);
});

test('a run polled in the middle is streamed up to there, and then to its end', async () => {
  const gate = createGate();
  const { streamer, executor } = await setupPair({
    output: [textMessage('One.'), textMessage('Two.')],
    gate,
  });
  const { stream } = await streamRun(streamer);
  const events = collect(stream);
  await executor.engine.tick();
  await gate.reached;
  await streamer.clock.advance(3000);
  gate.open();
  await executor.engine.idle();
  await streamer.clock.advance(1000);
  const received = await events;
  expect(eventNames(received)).toEqual([
    ...startedEventNames,
    ...messageEventNames,
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(streamer, received);
});

test('function calls in another process end the stream with requires_action', async () => {
  const { streamer, executor } = await setupPair({
    output: [textMessage('Wait.'), functionCall('f', { a: 1 })],
  });
  const { stream } = await streamRun(streamer);
  const events = collect(stream);
  await executor.runToEnd();
  await streamer.clock.advance(1000);
  const received = await events;
  const expectedNames = [...messageEventNames, ...callEventNames, 'run.requires_action'];
  expect(eventNames(received)).toEqual([...startedEventNames, ...expectedNames]);
  await expectStreamMatchesStored(streamer, received);
});

test('the stream of submitted outputs does not repeat earlier steps', async () => {
  const { streamer, executor } = await setupPair(
    { output: [textMessage('Wait.'), functionCall('get_weather', {})] },
    { output: [textMessage('Snow.')] },
  );
  const { stream } = await streamRun(streamer);
  const before = collect(stream);
  await executor.runToEnd();
  await streamer.clock.advance(1000);
  const [waiting] = eventData(await before, 'thread.run.requires_action');
  if (waiting === undefined) throw new Error('the run requires no outputs');
  const after = collect(await streamOutputs(streamer, waiting));
  await executor.runToEnd();
  await streamer.clock.advance(1000);
  const received = await after;
  expect(eventNames(received)).toEqual([
    'run.step.completed',
    'run.queued',
    'run.in_progress',
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(streamer, received);
});

test('outputs submitted to another process are streamed', async () => {
  const { streamer, executor } = await setupPair({ output: [functionCall('get_weather', {})] }, {});
  const { stream, thread_id } = await streamRun(streamer);
  await executor.runToEnd();
  const { data } = await executor.openai.beta.threads.runs.list(thread_id);
  if (data[0] === undefined) throw new Error('there is no run');
  await submitOutputs(executor, data[0]);
  await executor.runToEnd();
  const events = collect(stream);
  await streamer.clock.advance(1000);
  const received = await events;
  expect(eventNames(received)).toEqual([
    ...startedEventNames,
    ...callEventNames,
    'run.step.completed',
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(streamer, received);
});

test('an abandoned message is ended before it is repeated', async () => {
  const database = temporary();
  const gate = createGate();
  const streamer = await setup({ database });
  streamer.upstream.respondWith({
    output: [textMessage('From the first.')],
    gate,
    before: 'response.output_text.done',
  });
  const { stream } = await streamRun(streamer);
  const events = collect(stream);
  await streamer.engine.tick();
  await gate.reached;
  const executor = await setup({ database, ids: streamer.ids, clock: createClock() });
  await executor.clock.advance(120_000);
  executor.upstream.respondWith({ output: [textMessage('From the second.')] });
  await executor.runToEnd();
  await streamer.clock.advance(1000);
  const received = await events;
  expect(eventNames(received)).toEqual([
    ...startedEventNames,
    ...messageEventNames.slice(0, 5),
    'message.incomplete',
    'run.step.failed',
    ...messageEventNames,
    'run.completed',
  ]);
  gate.open();
  await streamer.engine.idle();
  const [run] = eventData(received, 'thread.run.completed');
  if (run === undefined) throw new Error('the run is not completed');
  expect(run).toEqual(await readRun(streamer, run));
  const [message] = eventData(received, 'thread.message.completed');
  const { messages } = streamer.openai.beta.threads;
  expect(message).toEqual(await messages.retrieve(message?.id ?? '', { thread_id: run.thread_id }));
});

test('the deletion of the thread by another process ends the stream with an error', async () => {
  const { streamer, executor } = await setupPair();
  const { stream, thread_id } = await streamRun(streamer);
  const outcome = collect(stream).catch((error: unknown) => error);
  await executor.openai.beta.threads.delete(thread_id);
  await streamer.clock.advance(1000);
  expect(await outcome).toMatchObject({
    message: 'The thread was deleted while its run was streamed.',
  });
});

test('the deletion of the thread by another process ends the execution and its stream', async () => {
  const { streamer, executor: other } = await setupPair();
  const gate = createGate();
  streamer.upstream.respondWith({ gate });
  const { stream, thread_id } = await streamRun(streamer);
  const outcome = collect(stream).catch((error: unknown) => error);
  await streamer.engine.tick();
  await gate.reached;
  await other.openai.beta.threads.delete(thread_id);
  await streamer.clock.advance(5000);
  expect(await outcome).toMatchObject({
    message: 'The thread was deleted while its run was streamed.',
  });
  await streamer.engine.idle();
});

test('the step of a deleted message is streamed without the message', async () => {
  const gate = createGate();
  const { streamer, executor } = await setupPair({
    output: [textMessage('One.'), textMessage('Two.')],
    gate,
  });
  const { stream, thread_id } = await streamRun(streamer);
  const events = collect(stream);
  await executor.engine.tick();
  await gate.reached;
  const { messages } = executor.openai.beta.threads;
  const { data } = await messages.list(thread_id);
  await messages.delete(data[0]?.id ?? '', { thread_id });
  gate.open();
  await executor.engine.idle();
  await streamer.clock.advance(1000);
  await eventLoopTurn();
  expect(eventNames(await events)).toEqual([
    ...startedEventNames,
    ...messageEventNames,
    'run.step.created',
    'run.step.in_progress',
    'run.step.completed',
    'run.completed',
  ]);
});
