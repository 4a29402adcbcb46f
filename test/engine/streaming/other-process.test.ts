import { expect, test } from 'vitest';
import { createClock, turn } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import {
  begunStory,
  callStory,
  collect,
  dataOf,
  expectTold,
  messageStory,
  story,
  streamOutputs,
  streamRun,
} from '../../support/run-stream.ts';
import { readRun, submit } from '../../support/conversation.ts';
import { createGate, type Turn } from '../../support/upstream.ts';
import { calls, refuses, says } from '../../support/upstream-items.ts';

/* A run that one engine streams and another executes, on the same database file. */

async function pair(...turns: Turn[]) {
  const database = temporary();
  const here = await setup({ database });
  const there = await setup({ database, ids: here.ids, clock: here.clock });
  there.upstream.will(...turns);
  return { here, there };
}

test('what another process does to a run is told with a second’s delay', async () => {
  const cited = { type: 'file_citation', file_id: 'file-a', filename: 'a', index: 3 } as const;
  const { here, there } = await pair({
    output: [says('It is cold.', [cited]), refuses('No more.'), says('🥶')],
  });
  const { stream } = await streamRun(here);
  const events = collect(stream);
  await there.runToEnd();
  await here.clock.advance(1000);
  const told = await events;
  expect(story(told)).toEqual([
    ...begunStory,
    ...messageStory,
    ...messageStory,
    ...messageStory,
    'run.completed',
  ]);
  await expectTold(here, told);
});

test('a run that is looked at midway is told as far as it is, and then the rest', async () => {
  const gate = createGate();
  const { here, there } = await pair({ output: [says('One.'), says('Two.')], gate });
  const { stream } = await streamRun(here);
  const events = collect(stream);
  await there.engine.tick();
  await gate.reached;
  await here.clock.advance(3000);
  gate.open();
  await there.engine.idle();
  await here.clock.advance(1000);
  const told = await events;
  expect(story(told)).toEqual([...begunStory, ...messageStory, ...messageStory, 'run.completed']);
  await expectTold(here, told);
});

test('calls that another process’s model makes end the stream', async () => {
  const { here, there } = await pair({ output: [says('Wait.'), calls('f', { a: 1 })] });
  const { stream } = await streamRun(here);
  const events = collect(stream);
  await there.runToEnd();
  await here.clock.advance(1000);
  const told = await events;
  const callsStory = [...messageStory, ...callStory, 'run.requires_action'];
  expect(story(told)).toEqual([...begunStory, ...callsStory]);
  await expectTold(here, told);
});

test('the stream of outputs tells nothing of the steps before them', async () => {
  const { here, there } = await pair(
    { output: [says('Wait.'), calls('get_weather', {})] },
    { output: [says('Snow.')] },
  );
  const { stream } = await streamRun(here);
  const before = collect(stream);
  await there.runToEnd();
  await here.clock.advance(1000);
  const [waiting] = dataOf(await before, 'thread.run.requires_action');
  if (waiting === undefined) throw new Error('the run does not wait');
  const after = collect(await streamOutputs(here, waiting));
  await there.runToEnd();
  await here.clock.advance(1000);
  const told = await after;
  expect(story(told)).toEqual([
    'run.step.completed',
    'run.queued',
    'run.in_progress',
    ...messageStory,
    'run.completed',
  ]);
  await expectTold(here, told);
});

test('outputs that another process takes are told too', async () => {
  const { here, there } = await pair({ output: [calls('get_weather', {})] }, {});
  const { stream, thread_id } = await streamRun(here);
  await there.runToEnd();
  const { data } = await there.openai.beta.threads.runs.list(thread_id);
  if (data[0] === undefined) throw new Error('there is no run');
  await submit(there, data[0]);
  await there.runToEnd();
  const events = collect(stream);
  await here.clock.advance(1000);
  const told = await events;
  expect(story(told)).toEqual([
    ...begunStory,
    ...callStory,
    'run.step.completed',
    ...messageStory,
    'run.completed',
  ]);
  await expectTold(here, told);
});

test('a message that was lost midway is closed before it is made again', async () => {
  const database = temporary();
  const gate = createGate();
  const here = await setup({ database });
  here.upstream.will({
    output: [says('From the first.')],
    gate,
    before: 'response.output_text.done',
  });
  const { stream } = await streamRun(here);
  const events = collect(stream);
  await here.engine.tick();
  await gate.reached;
  const there = await setup({ database, ids: here.ids, clock: createClock() });
  await there.clock.advance(120_000);
  there.upstream.will({ output: [says('From the second.')] });
  await there.runToEnd();
  await here.clock.advance(1000);
  const told = await events;
  expect(story(told)).toEqual([
    ...begunStory,
    ...messageStory.slice(0, 5),
    'message.incomplete',
    'run.step.failed',
    ...messageStory,
    'run.completed',
  ]);
  gate.open();
  await here.engine.idle();
  const [run] = dataOf(told, 'thread.run.completed');
  if (run === undefined) throw new Error('the run is not completed');
  expect(run).toEqual(await readRun(here, run));
  const [message] = dataOf(told, 'thread.message.completed');
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
  const { here, there } = await pair({ output: [says('One.'), says('Two.')], gate });
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
  await turn();
  expect(story(await events)).toEqual([
    ...begunStory,
    ...messageStory,
    'run.step.created',
    'run.step.in_progress',
    'run.step.completed',
    'run.completed',
  ]);
});
