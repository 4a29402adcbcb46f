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

/* A run that one engine streams and another executes, on the same database file. */

async function pair(...turns: Turn[]) {
  const database = temporary();
  const here = await setup({ database });
  const there = await setup({ database, ids: here.ids, clock: here.clock });
  there.upstream.respondWith(...turns);
  return { here, there };
}

test('what another process does to a run is told with a second’s delay', async () => {
  const cited = { type: 'file_citation', file_id: 'file-a', filename: 'a', index: 3 } as const;
  const { here, there } = await pair({
    output: [textMessage('It is cold.', [cited]), refusalMessage('No more.'), textMessage('🥶')],
  });
  const { stream } = await streamRun(here);
  const events = collect(stream);
  await there.runToEnd();
  await here.clock.advance(1000);
  const told = await events;
  expect(eventNames(told)).toEqual([
    ...startedEventNames,
    ...messageEventNames,
    ...messageEventNames,
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(here, told);
});

test('a run that is looked at midway is told as far as it is, and then the rest', async () => {
  const gate = createGate();
  const { here, there } = await pair({ output: [textMessage('One.'), textMessage('Two.')], gate });
  const { stream } = await streamRun(here);
  const events = collect(stream);
  await there.engine.tick();
  await gate.reached;
  await here.clock.advance(3000);
  gate.open();
  await there.engine.idle();
  await here.clock.advance(1000);
  const told = await events;
  expect(eventNames(told)).toEqual([
    ...startedEventNames,
    ...messageEventNames,
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(here, told);
});

test('calls that another process’s model makes end the stream', async () => {
  const { here, there } = await pair({
    output: [textMessage('Wait.'), functionCall('f', { a: 1 })],
  });
  const { stream } = await streamRun(here);
  const events = collect(stream);
  await there.runToEnd();
  await here.clock.advance(1000);
  const told = await events;
  const callsStory = [...messageEventNames, ...callEventNames, 'run.requires_action'];
  expect(eventNames(told)).toEqual([...startedEventNames, ...callsStory]);
  await expectStreamMatchesStored(here, told);
});

test('the stream of outputs tells nothing of the steps before them', async () => {
  const { here, there } = await pair(
    { output: [textMessage('Wait.'), functionCall('get_weather', {})] },
    { output: [textMessage('Snow.')] },
  );
  const { stream } = await streamRun(here);
  const before = collect(stream);
  await there.runToEnd();
  await here.clock.advance(1000);
  const [waiting] = eventData(await before, 'thread.run.requires_action');
  if (waiting === undefined) throw new Error('the run does not wait');
  const after = collect(await streamOutputs(here, waiting));
  await there.runToEnd();
  await here.clock.advance(1000);
  const told = await after;
  expect(eventNames(told)).toEqual([
    'run.step.completed',
    'run.queued',
    'run.in_progress',
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(here, told);
});

test('outputs that another process takes are told too', async () => {
  const { here, there } = await pair({ output: [functionCall('get_weather', {})] }, {});
  const { stream, thread_id } = await streamRun(here);
  await there.runToEnd();
  const { data } = await there.openai.beta.threads.runs.list(thread_id);
  if (data[0] === undefined) throw new Error('there is no run');
  await submitOutputs(there, data[0]);
  await there.runToEnd();
  const events = collect(stream);
  await here.clock.advance(1000);
  const told = await events;
  expect(eventNames(told)).toEqual([
    ...startedEventNames,
    ...callEventNames,
    'run.step.completed',
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(here, told);
});

test('a message that was lost midway is closed before it is made again', async () => {
  const database = temporary();
  const gate = createGate();
  const here = await setup({ database });
  here.upstream.respondWith({
    output: [textMessage('From the first.')],
    gate,
    before: 'response.output_text.done',
  });
  const { stream } = await streamRun(here);
  const events = collect(stream);
  await here.engine.tick();
  await gate.reached;
  const there = await setup({ database, ids: here.ids, clock: createClock() });
  await there.clock.advance(120_000);
  there.upstream.respondWith({ output: [textMessage('From the second.')] });
  await there.runToEnd();
  await here.clock.advance(1000);
  const told = await events;
  expect(eventNames(told)).toEqual([
    ...startedEventNames,
    ...messageEventNames.slice(0, 5),
    'message.incomplete',
    'run.step.failed',
    ...messageEventNames,
    'run.completed',
  ]);
  gate.open();
  await here.engine.idle();
  const [run] = eventData(told, 'thread.run.completed');
  if (run === undefined) throw new Error('the run is not completed');
  expect(run).toEqual(await readRun(here, run));
  const [message] = eventData(told, 'thread.message.completed');
  const { messages } = here.openai.beta.threads;
  expect(message).toEqual(await messages.retrieve(message?.id ?? '', { thread_id: run.thread_id }));
});

test('a thread that another process deletes ends the stream with an error', async () => {
  const { here, there } = await pair();
  const { stream, thread_id } = await streamRun(here);
  const outcome = collect(stream).catch((error: unknown) => error);
  await there.openai.beta.threads.delete(thread_id);
  await here.clock.advance(1000);
  expect(await outcome).toMatchObject({
    message: 'The thread was deleted while its run was streamed.',
  });
});

test('a message that is deleted while it is told leaves its step', async () => {
  const gate = createGate();
  const { here, there } = await pair({ output: [textMessage('One.'), textMessage('Two.')], gate });
  const { stream, thread_id } = await streamRun(here);
  const events = collect(stream);
  await there.engine.tick();
  await gate.reached;
  const { messages } = there.openai.beta.threads;
  const { data } = await messages.list(thread_id);
  await messages.delete(data[0]?.id ?? '', { thread_id });
  gate.open();
  await there.engine.idle();
  await here.clock.advance(1000);
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
