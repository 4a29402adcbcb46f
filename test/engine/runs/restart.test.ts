import { expect, test } from 'vitest';
import { createClock, start } from '../../support/clock.ts';
import { setup, type Setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import {
  createRun,
  readMessages,
  readRun,
  readSteps,
  submit,
  textOf,
} from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';
import { calls, says } from '../../support/upstream-items.ts';

/**
 * A process that stands still, as one that was killed does, and a second one on the same file some
 * minutes later. The first keeps its model call open but neither its clock nor its worker moves.
 */
async function afterDeath(prepare: (it: Setup) => Promise<{ id: string; thread_id: string }>) {
  const database = temporary();
  const dead = await setup({ database });
  const run = await prepare(dead);
  const it = await setup({ database, ids: dead.ids, clock: createClock(start + 120_000) });
  return { dead, it, run };
}

/** Starts the worker and lets it do what it will. */
async function work(it: Setup) {
  it.engine.start();
  await it.clock.advance(5000);
  await it.engine.idle();
}

test('a queued run is picked up', async () => {
  const { it, run } = await afterDeath(async (dead) => (await createRun(dead)).run);
  it.upstream.will({});
  await work(it);
  expect((await readRun(it, run)).status).toBe('completed');
});

test('a run in the middle of a message is run again, without the half message', async () => {
  const { it, run } = await afterDeath(async (dead) => {
    const gate = createGate();
    const output = [says('Half a mess')];
    dead.upstream.will({ output, gate, before: 'response.output_text.done' });
    const made = await createRun(dead);
    await dead.engine.tick();
    await gate.reached;
    return made.run;
  });
  expect((await readRun(it, run)).status).toBe('in_progress');
  it.upstream.will({ output: [says('The whole message.')] });
  await work(it);
  expect((await readRun(it, run)).status).toBe('completed');
  const messages = await readMessages(it, run.thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'The whole message.']);
  expect(messages.map(({ status }) => status)).toEqual(['completed', 'completed']);
  const steps = await readSteps(it, run);
  expect(steps.map(({ status }) => status)).toEqual(['completed']);
  const sent = JSON.stringify(it.upstream.sent().input);
  expect(sent).not.toContain('Half');
});

const twoMessages = () => [says('Let me see.'), says('Snow.')];

test('a message that was whole while its answer was not is not said twice', async () => {
  const { it, run } = await afterDeath(async (dead) => {
    const gate = createGate();
    dead.upstream.will({ output: twoMessages(), gate });
    const made = await createRun(dead);
    await dead.engine.tick();
    await gate.reached;
    const [, first] = await readMessages(dead, made.thread_id);
    expect(first?.status).toBe('completed');
    return made.run;
  });
  it.upstream.will({ output: twoMessages() });
  await work(it);
  const ended = await readRun(it, run);
  expect(ended).toMatchObject({ status: 'completed', usage: { total_tokens: 15 } });
  const messages = await readMessages(it, run.thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'Let me see.', 'Snow.']);
  const steps = await readSteps(it, run);
  expect(steps.map(({ usage }) => usage?.total_tokens)).toEqual([0, 15]);
});

test('what was said before outputs were asked for stays when the answer to them is lost', async () => {
  const { it, run } = await afterDeath(async (dead) => {
    const gate = createGate();
    dead.upstream.will(
      { output: [says('Let me see.'), calls('get_weather', { city: 'Oslo' })] },
      { output: [says('Sno'), says('w')], gate },
    );
    const { run: made } = await createRun(dead);
    await dead.runToEnd();
    await submit(dead, await readRun(dead, made));
    await dead.engine.tick();
    await gate.reached;
    return made;
  });
  it.upstream.will({ output: [says('Snow.')] });
  await work(it);
  expect(await readRun(it, run)).toMatchObject({
    status: 'completed',
    usage: { total_tokens: 30 },
  });
  const messages = await readMessages(it, run.thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'Let me see.', 'Snow.']);
  const steps = await readSteps(it, run);
  expect(steps.map(({ type }) => type)).toEqual([
    'message_creation',
    'tool_calls',
    'message_creation',
  ]);
  expect(it.upstream.requests).toHaveLength(1);
});

test('a run that was cancelling is cancelled', async () => {
  const { it, run } = await afterDeath(async (dead) => {
    const gate = createGate();
    dead.upstream.will({ gate });
    const made = await createRun(dead);
    const { id, thread_id } = made.run;
    await dead.openai.beta.threads.runs.cancel(id, { thread_id });
    return made.run;
  });
  await work(it);
  expect((await readRun(it, run)).status).toBe('cancelled');
});

test('a run that waits for outputs takes them, with what the model had said', async () => {
  const call = calls('get_weather', { city: 'Oslo' }, 'call_1');
  const { it, run } = await afterDeath(async (dead) => {
    dead.upstream.will({ output: [says('Let me see.'), call] });
    const made = await createRun(dead);
    await dead.runToEnd();
    return made.run;
  });
  it.upstream.will({ output: [says('Snow.')] });
  await submit(it, await readRun(it, run), 'snow');
  await work(it);
  expect((await readRun(it, run)).status).toBe('completed');
  expect(it.upstream.sent().input.slice(-2)).toEqual([
    call,
    { type: 'function_call_output', call_id: 'call_1', output: 'snow' },
  ]);
  const messages = await readMessages(it, run.thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'Let me see.', 'Snow.']);
});

test('a run whose deadline passed while nobody was there is expired', async () => {
  const database = temporary();
  const dead = await setup({ database });
  const { run } = await createRun(dead);
  const it = await setup({ database, ids: dead.ids, clock: createClock(start + 700_000) });
  await work(it);
  expect((await readRun(it, run)).status).toBe('expired');
  expect(it.upstream.requests).toEqual([]);
});

test('stopping hands running work back to whoever comes next', async () => {
  const database = temporary();
  const gate = createGate();
  const first = await setup({ database });
  first.upstream.will({ output: [says('Half')], gate, before: 'response.output_text.done' });
  const { run } = await createRun(first);
  await first.engine.tick();
  await gate.reached;
  await first.engine.stop(0);
  expect(first.upstream.requests[0]?.signal?.aborted).toBe(true);
  const it = await setup({ database, ids: first.ids });
  it.upstream.will({ output: [says('Whole')] });
  await work(it);
  expect((await readRun(it, run)).status).toBe('completed');
  expect((await readMessages(it, run.thread_id)).map(textOf)).toEqual([
    'Weather in Oslo?',
    'Whole',
  ]);
});

test('a run that one executes is not executed by another on the same file', async () => {
  const database = temporary();
  const gate = createGate();
  const one = await setup({ database });
  one.upstream.will({ gate });
  const { run } = await createRun(one);
  await one.engine.tick();
  await gate.reached;
  const other = await setup({ database, ids: one.ids });
  const { run: second } = await createRun(other);
  other.upstream.will({});
  await other.runToEnd();
  expect((await readRun(other, run)).status).toBe('in_progress');
  expect((await readRun(other, second)).status).toBe('completed');
  gate.open();
  await one.engine.idle();
  expect((await readRun(other, run)).status).toBe('completed');
});

test.each(['edited', 'deleted'])('a run is what it was when its assistant is %s', async (how) => {
  const it = await setup();
  it.upstream.will({ output: [calls('get_weather', { city: 'Oslo' })] }, {});
  const { run, assistant_id } = await createRun(it);
  const { assistants } = it.openai.beta;
  await (how === 'deleted'
    ? assistants.delete(assistant_id)
    : assistants.update(assistant_id, { model: 'gpt-5.4', instructions: 'Be long.', tools: [] }));
  await it.runToEnd();
  await submit(it, await readRun(it, run));
  await it.runToEnd();
  const { status, model, instructions, tools } = await readRun(it, run);
  expect({ status, model, instructions, tools }).toEqual({
    status: 'completed',
    model: run.model,
    instructions: run.instructions,
    tools: run.tools,
  });
  expect(it.upstream.sent(1)).toMatchObject({ model: run.model, instructions: run.instructions });
  expect(it.upstream.sent(1).tools).toHaveLength(1);
});
