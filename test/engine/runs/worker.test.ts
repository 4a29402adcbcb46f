import { describe, expect, test } from 'vitest';
import { createClock, start, waitUntil } from '../../support/clock.ts';
import { setup, type HarnessOptions } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { testDatabase } from '../../support/test-database.ts';
import {
  createRun,
  readMessages,
  readRun,
  readSteps,
  submitOutputs,
  textOf,
} from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';
import { incompleteMessage, functionCall, textMessage } from '../../support/upstream-items.ts';

const midText = { before: 'response.output_text.done' } as const;

describe('a started worker', () => {
  test('executes runs and continues them after their outputs', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [functionCall('get_weather', { city: 'Oslo' })] }, {});
    harness.engine.start();
    const { run } = await createRun(harness);
    await waitUntil(async () => (await readRun(harness, run)).status === 'requires_action');
    await submitOutputs(harness, await readRun(harness, run));
    await waitUntil(async () => (await readRun(harness, run)).status === 'completed');
    expect(harness.upstream.requests).toHaveLength(2);
  });

  test('cancels a run that waits for outputs', async () => {
    const harness = await setup();
    harness.upstream.respondWith({ output: [functionCall('get_weather', { city: 'Oslo' })] });
    harness.engine.start();
    const { run, thread_id } = await createRun(harness);
    await waitUntil(async () => (await readRun(harness, run)).status === 'requires_action');
    await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
    await waitUntil(async () => (await readRun(harness, run)).status === 'cancelled');
    expect((await readSteps(harness, run)).map(({ status }) => status)).toEqual(['cancelled']);
  });

  test('finds runs that another process queued', async () => {
    const database = temporary();
    const harness = await setup({ database });
    harness.engine.start();
    await harness.clock.advance(1000);
    const other = await setup({ database, ids: harness.ids, clock: harness.clock });
    const { run } = await createRun(other);
    harness.upstream.respondWith({});
    await harness.clock.advance(10_000);
    await harness.engine.idle();
    expect((await readRun(other, run)).status).toBe('completed');
  });

  test('executes the runs that its own process created, even next to other workers', async () => {
    const database = temporary();
    const other = await setup({ database });
    const harness = await setup({ database, ids: other.ids, clock: other.clock });
    harness.engine.start();
    other.engine.start();
    harness.upstream.respondWith({ output: [functionCall('get_weather', { city: 'Oslo' })] }, {});
    const { run } = await createRun(harness);
    await other.engine.tick();
    await waitUntil(async () => (await readRun(harness, run)).status === 'requires_action');
    await submitOutputs(harness, await readRun(harness, run));
    await other.engine.tick();
    await waitUntil(async () => (await readRun(harness, run)).status === 'completed');
    expect([harness.upstream.requests.length, other.upstream.requests.length]).toEqual([2, 0]);
  });

  test('leaves runs to other workers when it has no free slot', async () => {
    const database = temporary();
    const harness = await setup({ database, concurrency: 1 });
    const other = await setup({ database, ids: harness.ids, clock: harness.clock });
    const gate = createGate();
    harness.upstream.respondWith({ gate });
    other.upstream.respondWith({});
    harness.engine.start();
    const { run: first } = await createRun(harness);
    await gate.reached;
    const { run: second } = await createRun(harness);
    await other.runToEnd();
    expect((await readRun(harness, second)).status).toBe('completed');
    expect((await readRun(harness, first)).status).toBe('in_progress');
    gate.open();
    await waitUntil(async () => (await readRun(harness, first)).status === 'completed');
  });

  test('claims the next run when a slot becomes free', async () => {
    const harness = await setup({ concurrency: 1, defaultTurn: () => ({}) });
    harness.engine.start();
    const created = [await createRun(harness), await createRun(harness), await createRun(harness)];
    for (const { run } of created) {
      await waitUntil(async () => (await readRun(harness, run)).status === 'completed');
    }
    expect(harness.upstream.requests).toHaveLength(3);
  });
});

describe('a stopping worker', () => {
  test('releases its runs at once, before their leases lapse', async () => {
    const { one, other, run } = await twoEnginesMidCall(true);
    await one.engine.stop(0);
    other.upstream.respondWith({});
    await other.runToEnd();
    expect((await readRun(other, run)).status).toBe('completed');
    expect(other.clock.now()).toBe(start);
  });

  test('waits for runs that end within the grace period', async () => {
    const database = temporary();
    const harness = await setup({ database });
    const gate = createGate();
    harness.upstream.respondWith({ gate });
    const { run } = await createRun(harness);
    await harness.engine.tick();
    await gate.reached;
    const stopped = harness.engine.stop(1500);
    await harness.clock.advance(1000);
    gate.open();
    await stopped;
    const other = await setup({ database, ids: harness.ids });
    expect((await readRun(other, run)).status).toBe('completed');
  });

  test('aborts runs that do not end within the grace period', async () => {
    const database = temporary();
    const harness = await setup({ database });
    const gate = createGate();
    harness.upstream.respondWith({ gate });
    const { run } = await createRun(harness);
    await harness.engine.tick();
    await gate.reached;
    const stopped = harness.engine.stop(1500);
    await harness.clock.advance(1500);
    await stopped;
    expect(harness.upstream.requests[0]?.signal?.aborted).toBe(true);
    const other = await setup({ database, ids: harness.ids });
    other.upstream.respondWith({});
    await other.runToEnd();
    expect((await readRun(other, run)).status).toBe('completed');
  });
});

/** Two engines on one database: the model call of the first is held at the gate. */
async function twoEnginesMidCall(sameClock: boolean, output = [textMessage('From the first.')]) {
  const database = temporary();
  const gate = createGate();
  const one = await setup({ database });
  one.upstream.respondWith({ output, gate, ...midText });
  const created = await createRun(one);
  await one.engine.tick();
  await gate.reached;
  const shared: HarnessOptions = sameClock ? { clock: one.clock } : {};
  const other = await setup({ database, ids: one.ids, ...shared });
  return { one, other, gate, ...created };
}

describe('a lease', () => {
  test('is renewed while the run is executed', async () => {
    const { one, other, gate, run } = await twoEnginesMidCall(true);
    for (let minute = 0; minute < 3; minute += 1) {
      await one.clock.advance(60_000);
      await other.runToEnd();
    }
    expect(other.upstream.requests).toEqual([]);
    gate.open();
    await one.engine.idle();
    expect((await readRun(other, run)).status).toBe('completed');
  });

  test('that was lost does not allow writes to the ended run', async () => {
    const { one, other, gate, run, thread_id } = await twoEnginesMidCall(false);
    await other.clock.advance(120_000);
    other.upstream.respondWith({ output: [textMessage('From the second.')] });
    await other.runToEnd();
    const ended = await readRun(other, run);
    expect(ended.status).toBe('completed');
    gate.open();
    await one.engine.idle();
    expect(await readRun(other, run)).toEqual(ended);
    const messages = await readMessages(other, thread_id);
    expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'From the second.']);
    expect(await readSteps(other, run)).toHaveLength(1);
  });
});

test('a worker does not claim its own run again when the lease lapsed in standby', async () => {
  const clock = createClock();
  let sleptMs = 0;
  const harness = await setup({ clock: { ...clock, now: () => clock.now() + sleptMs } });
  const gate = createGate();
  harness.upstream.respondWith({ output: [textMessage('Good morning.')], gate, ...midText });
  const { run, thread_id } = await createRun(harness);
  await harness.engine.tick();
  await gate.reached;
  sleptMs = 120_000;
  await harness.engine.tick();
  gate.open();
  await harness.engine.idle();
  expect(harness.upstream.requests).toHaveLength(1);
  expect((await readRun(harness, run)).status).toBe('completed');
  const messages = await readMessages(harness, thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'Good morning.']);
});

test('an execution that lost its lease does not change the run of its successor', async () => {
  const { one, other, gate, run, thread_id } = await twoEnginesMidCall(false);
  const second = createGate();
  await other.clock.advance(120_000);
  const output = [textMessage('From the second.')];
  other.upstream.respondWith({ output, gate: second, ...midText });
  await other.engine.tick();
  await second.reached;
  const before = [await readRun(other, run), await readMessages(other, thread_id)];
  gate.open();
  await one.engine.idle();
  expect([await readRun(other, run), await readMessages(other, thread_id)]).toEqual(before);
  second.open();
  await other.engine.idle();
  const messages = await readMessages(other, thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'From the second.']);
  expect(await readRun(other, run)).toMatchObject({
    status: 'completed',
    usage: { total_tokens: 15 },
  });
});

describe('a run that another process cancels', () => {
  test('is cancelled at the next poll', async () => {
    const { one, other, run, thread_id } = await twoEnginesMidCall(true);
    await other.openai.beta.threads.runs.cancel(run.id, { thread_id });
    // On PostgreSQL a worker that was not started polls only when it renews its lease.
    await one.clock.advance(testDatabase.isPostgres ? 5000 : 1000);
    await one.engine.idle();
    expect(one.upstream.requests[0]?.signal?.aborted).toBe(true);
    expect((await readRun(other, run)).status).toBe('cancelled');
    const [, message] = await readMessages(other, thread_id);
    expect(message?.incomplete_details).toEqual({ reason: 'run_cancelled' });
  });

  test.each([
    ['completes if its model call finishes first', [textMessage('Done.')], {}, 'completed'],
    [
      'is cancelled instead of requiring outputs',
      [textMessage('Let me see.'), functionCall('get_weather', { city: 'Oslo' })],
      {},
      'cancelled',
    ],
    [
      'is cancelled if its message is truncated',
      [incompleteMessage('It is')],
      { incomplete: 'max_output_tokens' },
      'cancelled',
    ],
    [
      'fails if its model call fails first',
      [textMessage('It')],
      { errorEvent: { code: null, message: 'No.' } },
      'failed',
    ],
  ] as const)('%s', async (_, output, turn, status) => {
    const database = temporary();
    const gate = createGate();
    const one = await setup({ database });
    one.upstream.respondWith({ output, gate, ...midText, ...turn });
    const { run, thread_id, assistant_id } = await createRun(one);
    await one.engine.tick();
    await gate.reached;
    const other = await setup({ database, ids: one.ids });
    await other.openai.beta.threads.runs.cancel(run.id, { thread_id });
    gate.open();
    await one.engine.idle();
    expect((await readRun(other, run)).status).toBe(status);
    const steps = await readSteps(other, run);
    expect(steps.map((step) => step.status)).not.toContain('in_progress');
    const next = await other.openai.beta.threads.runs.create(thread_id, { assistant_id });
    expect(next.status).toBe('queued');
  });
});

test('a cancelling run past its deadline is cancelled', async () => {
  const harness = await setup();
  const { run, thread_id } = await createRun(harness);
  await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
  await harness.clock.advance(700_000);
  expect((await readRun(harness, run)).status).toBe('cancelled');
});

test('a message that is deleted while it streams stays deleted', async () => {
  const { one, gate, run, thread_id } = await twoEnginesMidCall(true);
  const [, message] = await readMessages(one, thread_id);
  await one.openai.beta.threads.messages.delete(message?.id ?? '', { thread_id });
  gate.open();
  await one.engine.idle();
  expect((await readRun(one, run)).status).toBe('completed');
  expect((await readMessages(one, thread_id)).map(textOf)).toEqual(['Weather in Oslo?']);
});
