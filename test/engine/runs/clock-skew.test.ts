import { expect, test } from 'vitest';
import { createClock, start } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import {
  createRun,
  readMessages,
  readRun,
  apiErrorOf,
  textOf,
} from '../../support/conversation.ts';
import { collect, streamRun } from '../../support/run-stream.ts';
import { createGate } from '../../support/upstream.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';

const hourMs = 3_600_000;

/** An engine whose clock can be set back by an hour. */
async function setupWithAdjustableClock(options: { readonly database?: string } = {}) {
  const clock = createClock();
  let offsetMs = 0;
  const harness = await setup({
    clock: { ...clock, now: () => clock.now() - offsetMs },
    ...options,
  });
  return { harness, setClockBack: () => void (offsetMs = hourMs) };
}

test('a conversation continues in order after the clock is set back', async () => {
  const { harness, setClockBack } = await setupWithAdjustableClock();
  harness.upstream.respondWith(
    { output: [textMessage('First answer.')] },
    { output: [textMessage('Second answer.')] },
  );
  const { thread_id, assistant_id } = await createRun(harness);
  await harness.runToEnd();
  setClockBack();
  const { messages, runs } = harness.openai.beta.threads;
  await messages.create(thread_id, { role: 'user', content: 'And tomorrow?' });
  const run = await runs.create(thread_id, { assistant_id });
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  expect((await readMessages(harness, thread_id)).map(textOf)).toEqual([
    'Weather in Oslo?',
    'First answer.',
    'And tomorrow?',
    'Second answer.',
  ]);
  const [, , last] = harness.upstream.sent().input;
  expect(JSON.stringify(last)).toContain('And tomorrow?');
});

test('executing and waiting runs continue after the clock is set back', async () => {
  const { harness, setClockBack } = await setupWithAdjustableClock();
  const gate = createGate();
  harness.upstream.respondWith({ output: [functionCall('get_weather', {}, 'call_1')] }, { gate });
  const { run: waiting } = await createRun(harness);
  await harness.runToEnd();
  const { run: executing } = await createRun(harness);
  await harness.engine.tick();
  await gate.reached;
  setClockBack();
  await harness.clock.advance(30_000);
  await harness.engine.tick();
  gate.open();
  await harness.engine.idle();
  expect(await readRun(harness, executing)).toMatchObject({ status: 'completed' });
  expect(harness.upstream.requests).toHaveLength(2);
  harness.upstream.respondWith({});
  await harness.openai.beta.threads.runs.submitToolOutputs(waiting.id, {
    thread_id: waiting.thread_id,
    tool_outputs: [{ tool_call_id: 'call_1', output: 'snow' }],
  });
  await harness.runToEnd();
  expect((await readRun(harness, waiting)).status).toBe('completed');
});

test('a run of another process is streamed without delay after the clock is set back', async () => {
  const database = temporary();
  const { harness, setClockBack } = await setupWithAdjustableClock({ database });
  const executor = await setup({ database, ids: harness.ids, clock: harness.clock });
  executor.upstream.respondWith({ output: [textMessage('Snow.')] });
  const events = collect((await streamRun(harness)).stream);
  setClockBack();
  await executor.runToEnd();
  await harness.clock.advance(2000);
  expect((await events).at(-1)).toMatchObject({ event: 'thread.run.completed' });
});

test('a lease from before the clock was set back lapses at once', async () => {
  const database = temporary();
  const gate = createGate();
  const dead = await setup({ database });
  dead.upstream.respondWith({ gate });
  const { run, thread_id, assistant_id } = await createRun(dead);
  await dead.engine.tick();
  await gate.reached;
  const harness = await setup({ database, ids: dead.ids, clock: createClock(start - hourMs) });
  harness.upstream.respondWith({});
  const secondRun = harness.openai.beta.threads.runs.create(thread_id, { assistant_id });
  expect((await apiErrorOf(secondRun)).message).toContain('already has an active run');
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
});
