import { expect, test } from 'vitest';
import { createClock, start } from '../../support/clock.ts';
import { setup, type Harness } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import {
  createRun,
  readMessages,
  readRun,
  readSteps,
  submitOutputs,
  textOf,
} from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';

/**
 * An engine that is stopped in time, as if its process was killed, and a second engine on the same
 * database two minutes later.
 */
async function takeOver(prepare: (harness: Harness) => Promise<{ id: string; thread_id: string }>) {
  const database = temporary();
  const dead = await setup({ database });
  const run = await prepare(dead);
  const harness = await setup({ database, ids: dead.ids, clock: createClock(start + 120_000) });
  return { dead, harness, run };
}

/** Starts the worker and waits until it is idle. */
async function runWorker(harness: Harness) {
  harness.engine.start();
  await harness.clock.advance(5000);
  await harness.engine.idle();
}

test('a new process executes a queued run', async () => {
  const { harness, run } = await takeOver(async (dead) => (await createRun(dead)).run);
  harness.upstream.respondWith({});
  await runWorker(harness);
  expect((await readRun(harness, run)).status).toBe('completed');
});

test('a run killed in the middle of a message is repeated without that message', async () => {
  const { harness, run } = await takeOver(async (dead) => {
    const gate = createGate();
    const output = [textMessage('Half a mess')];
    dead.upstream.respondWith({ output, gate, before: 'response.output_text.done' });
    const created = await createRun(dead);
    await dead.engine.tick();
    await gate.reached;
    return created.run;
  });
  expect((await readRun(harness, run)).status).toBe('in_progress');
  harness.upstream.respondWith({ output: [textMessage('The whole message.')] });
  await runWorker(harness);
  expect((await readRun(harness, run)).status).toBe('completed');
  const messages = await readMessages(harness, run.thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'The whole message.']);
  expect(messages.map(({ status }) => status)).toEqual(['completed', 'completed']);
  const steps = await readSteps(harness, run);
  expect(steps.map(({ status }) => status)).toEqual(['completed']);
  const sent = JSON.stringify(harness.upstream.sent().input);
  expect(sent).not.toContain('Half');
});

const twoMessages = () => [textMessage('Let me see.'), textMessage('Snow.')];

test('a complete message of an unfinished turn is not duplicated', async () => {
  const { harness, run } = await takeOver(async (dead) => {
    const gate = createGate();
    dead.upstream.respondWith({ output: twoMessages(), gate });
    const created = await createRun(dead);
    await dead.engine.tick();
    await gate.reached;
    const [, first] = await readMessages(dead, created.thread_id);
    expect(first?.status).toBe('completed');
    return created.run;
  });
  harness.upstream.respondWith({ output: twoMessages() });
  await runWorker(harness);
  const ended = await readRun(harness, run);
  expect(ended).toMatchObject({ status: 'completed', usage: { total_tokens: 15 } });
  const messages = await readMessages(harness, run.thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'Let me see.', 'Snow.']);
  const steps = await readSteps(harness, run);
  expect(steps.map(({ usage }) => usage?.total_tokens)).toEqual([0, 15]);
});

test('a turn that required outputs survives when the turn after it is lost', async () => {
  const { harness, run } = await takeOver(async (dead) => {
    const gate = createGate();
    dead.upstream.respondWith(
      { output: [textMessage('Let me see.'), functionCall('get_weather', { city: 'Oslo' })] },
      { output: [textMessage('Sno'), textMessage('w')], gate },
    );
    const { run: created } = await createRun(dead);
    await dead.runToEnd();
    await submitOutputs(dead, await readRun(dead, created));
    await dead.engine.tick();
    await gate.reached;
    return created;
  });
  harness.upstream.respondWith({ output: [textMessage('Snow.')] });
  await runWorker(harness);
  expect(await readRun(harness, run)).toMatchObject({
    status: 'completed',
    usage: { total_tokens: 30 },
  });
  const messages = await readMessages(harness, run.thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'Let me see.', 'Snow.']);
  const steps = await readSteps(harness, run);
  expect(steps.map(({ type }) => type)).toEqual([
    'message_creation',
    'tool_calls',
    'message_creation',
  ]);
  expect(harness.upstream.requests).toHaveLength(1);
});

test('a new process cancels a cancelling run', async () => {
  const { harness, run } = await takeOver(async (dead) => {
    const gate = createGate();
    dead.upstream.respondWith({ gate });
    const created = await createRun(dead);
    const { id, thread_id } = created.run;
    await dead.openai.beta.threads.runs.cancel(id, { thread_id });
    return created.run;
  });
  await runWorker(harness);
  expect((await readRun(harness, run)).status).toBe('cancelled');
});

test('a new process accepts outputs and sends the earlier turn', async () => {
  const call = functionCall('get_weather', { city: 'Oslo' }, 'call_1');
  const { harness, run } = await takeOver(async (dead) => {
    dead.upstream.respondWith({ output: [textMessage('Let me see.'), call] });
    const created = await createRun(dead);
    await dead.runToEnd();
    return created.run;
  });
  harness.upstream.respondWith({ output: [textMessage('Snow.')] });
  await submitOutputs(harness, await readRun(harness, run), 'snow');
  await runWorker(harness);
  expect((await readRun(harness, run)).status).toBe('completed');
  expect(harness.upstream.sent().input.slice(-2)).toEqual([
    call,
    { type: 'function_call_output', call_id: 'call_1', output: 'snow' },
  ]);
  const messages = await readMessages(harness, run.thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'Let me see.', 'Snow.']);
});

test('a run whose deadline passed while no process ran is expired', async () => {
  const database = temporary();
  const dead = await setup({ database });
  const { run } = await createRun(dead);
  const harness = await setup({ database, ids: dead.ids, clock: createClock(start + 700_000) });
  await runWorker(harness);
  expect((await readRun(harness, run)).status).toBe('expired');
  expect(harness.upstream.requests).toEqual([]);
});

test('a stopping engine releases its runs to the next process', async () => {
  const database = temporary();
  const gate = createGate();
  const first = await setup({ database });
  first.upstream.respondWith({
    output: [textMessage('Half')],
    gate,
    before: 'response.output_text.done',
  });
  const { run } = await createRun(first);
  await first.engine.tick();
  await gate.reached;
  await first.engine.stop(0);
  expect(first.upstream.requests[0]?.signal?.aborted).toBe(true);
  const harness = await setup({ database, ids: first.ids });
  harness.upstream.respondWith({ output: [textMessage('Whole')] });
  await runWorker(harness);
  expect((await readRun(harness, run)).status).toBe('completed');
  expect((await readMessages(harness, run.thread_id)).map(textOf)).toEqual([
    'Weather in Oslo?',
    'Whole',
  ]);
});

test('a run is executed by only one of two engines on the same database', async () => {
  const database = temporary();
  const gate = createGate();
  const one = await setup({ database });
  one.upstream.respondWith({ gate });
  const { run } = await createRun(one);
  await one.engine.tick();
  await gate.reached;
  const other = await setup({ database, ids: one.ids });
  const { run: second } = await createRun(other);
  other.upstream.respondWith({});
  await other.runToEnd();
  expect((await readRun(other, run)).status).toBe('in_progress');
  expect((await readRun(other, second)).status).toBe('completed');
  gate.open();
  await one.engine.idle();
  expect((await readRun(other, run)).status).toBe('completed');
});

test.each(['updated', 'deleted'])(
  'a run keeps its settings when its assistant is %s',
  async (how) => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [functionCall('get_weather', { city: 'Oslo' })] }, {});
    const { run, assistant_id } = await createRun(harness);
    const { assistants } = harness.openai.beta;
    await (how === 'deleted'
      ? assistants.delete(assistant_id)
      : assistants.update(assistant_id, { model: 'gpt-5.4', instructions: 'Be long.', tools: [] }));
    await harness.runToEnd();
    await submitOutputs(harness, await readRun(harness, run));
    await harness.runToEnd();
    const { status, model, instructions, tools } = await readRun(harness, run);
    expect({ status, model, instructions, tools }).toEqual({
      status: 'completed',
      model: run.model,
      instructions: run.instructions,
      tools: run.tools,
    });
    expect(harness.upstream.sent(1)).toMatchObject({
      model: run.model,
      instructions: run.instructions,
    });
    expect(harness.upstream.sent(1).tools).toHaveLength(1);
  },
);
